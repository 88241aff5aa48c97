"""Looks at the running service: the API by its address, the workers by what they say in Redis."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from scorelane.client.client import Client
from scorelane.client.errors import NO_PROBLEM, ApiError, ClientError, Unreachable
from scorelane.client.retries import Retries
from scorelane.commands.checks.findings import Finding, fault, fine, warning
from scorelane.commands.checks.redis import MOST_SKEW
from shared.config.settings import Settings
from shared.fleet import Worker
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink


def examine_api(url: str) -> Iterator[Finding]:
    """Whether the API answers, and is ready."""
    try:
        # As it is at this moment: no attempt more.
        with Client(url, timeout=10.0, retries=Retries(seconds=0)) as client:
            client.ready()
    except Unreachable:
        yield _silent(url)
    except ClientError as error:
        if isinstance(error, ApiError) and error.code != NO_PROBLEM:
            yield fault("api", f"{url} is not ready.", error.detail)
            return
        yield fault(
            "api",
            f"Something else than Scorelane answers at {url}.",
            "Name the service by --url, or let it listen on another port.",
        )
    else:
        yield fine("api", f"{url} is ready.")


def _silent(url: str) -> Finding:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), 2.0):
            said = f"Whatever listens at {url} speaks no HTTP, or takes longer than 10 s."
            return fault("api", said, "Look at its log, and who holds the port: `ss -ltnp`.")
    except OSError:
        return warning(
            "api",
            f"Nothing answers at {url}.",
            "Start the API, or name its address by --url.",
        )


def examine_workers(
    settings: Settings, link: RedisLink, blobs: str, release: str
) -> Iterator[Finding]:
    """Whether workers live, and are alike.

    Args:
        settings: say which Redis they are in.
        link: to it.
        blobs: the name of the folder of blobs here; empty: it has none.
        release: of Scorelane here.
    """
    fleet = RedisFleet(link, settings)
    try:
        workers, serving = fleet.workers(), fleet.serving()
    except RedisError:
        return  # said already
    if not workers:
        yield fault(
            "workers",
            "No worker lives: jobs wait.",
            "Start one (`python -m worker`, `docker compose up -d worker`); its log says what is "
            "wrong.",
        )
        return
    processes = sum(len(worker.processes) for worker in workers)
    yield fine("workers", f"{len(workers)} live, with {processes} processes.")
    if not any(name.startswith(f"{settings.default_model}@") for name in serving):
        yield warning(
            "workers",
            f"None of them serves the default model, '{settings.default_model}'.",
            "Jobs that name no model are refused, or wait: see SCORELANE_SERVE of the workers.",
        )
    yield from _alike(workers, release)
    yield from _clocks(workers)
    yield from _same_blobs(workers, blobs)


def _alike(workers: list[Worker], release: str) -> Iterator[Finding]:
    releases = {worker.release for worker in workers} | {release}
    if len(releases) > 1:
        yield warning(
            "workers",
            f"Their releases differ, or from the one here: {_listed(releases)}.",
            "Upgrade all of them; in the midst of a rolling upgrade this is as it should be.",
        )
    names = sorted({name for worker in workers for name in worker.libraries})
    for name in names:
        versions = {worker.libraries.get(name, "none") for worker in workers}
        if len(versions) > 1:
            yield warning(
                "workers",
                f"They have different versions of {name}: {_listed(versions)}.",
                "Scores may differ in their last digits from part to part: install all alike.",
            )
    served: dict[str, set[str]] = {}
    for worker in workers:
        for full_name in worker.models:
            name, _, version = full_name.partition("@")
            served.setdefault(name, set()).add(version)
    for name, versions in sorted(served.items()):
        if len(versions) > 1:
            yield warning(
                "workers",
                f"They serve different versions of {name}: {_listed(versions)}.",
                "New jobs get the one that was announced last: restart the workers of the other.",
            )


def _clocks(workers: list[Worker]) -> Iterator[Finding]:
    for worker in workers:
        if abs(worker.clock_ahead) > MOST_SKEW:
            yield warning(
                "clock",
                f"The clock of {worker.name} is off by {worker.clock_ahead:+.0f} s.",
                "Have its host keep time by NTP. (No job depends on it.)",
            )


def _same_blobs(workers: list[Worker], blobs: str) -> Iterator[Finding]:
    without = [worker.name for worker in workers if not worker.blobs]
    if without:
        yield fault(
            "blobs",
            f"The folder of blobs cannot be written by {', '.join(without)}.",
            "Look at SCORELANE_BLOBS_DIR there, and at who owns the folder.",
        )
    if len({worker.blobs for worker in workers if worker.blobs}) > 1:
        yield fault(
            "blobs",
            "The workers do not all see the same folder of blobs.",
            "Mount the same one at each, and at the API, and name it in SCORELANE_BLOBS_DIR.",
        )
    elif blobs and any(worker.blobs not in ("", blobs) for worker in workers):
        yield warning(
            "blobs",
            "The workers see another folder of blobs than the one that is set here.",
            "If it is that of the API, jobs get stuck: set SCORELANE_BLOBS_DIR alike.",
        )


def _listed(values: set[str]) -> str:
    return ", ".join(sorted(values))
