"""Checks of the running service: the API at its address, the workers by their status in Redis."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from scorelane.client.client import Client
from scorelane.client.errors import HTTP_ERROR, ApiError, ClientError, Unreachable
from scorelane.client.retries import Retries
from scorelane.commands.checks.findings import Finding, fault, fine, warning
from scorelane.commands.checks.redis import MOST_SKEW
from shared.config.settings import Settings
from shared.fleet import Worker
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink


def examine_api(url: str) -> Iterator[Finding]:
    """Check that the API answers, and is ready."""
    try:
        # No retries: the state at this moment is wanted.
        with Client(url, timeout=10.0, retries=Retries(seconds=0)) as client:
            client.ready()
    except Unreachable:
        yield _silent(url)
    except ClientError as error:
        if isinstance(error, ApiError) and error.code != HTTP_ERROR:
            yield fault("api", f"{url} is not ready.", error.detail)
            return
        yield fault(
            "api",
            f"Something other than Scorelane answers at {url}.",
            "Name the address of the service with --url, or let it listen on another port.",
        )
    else:
        yield fine("api", f"{url} is ready.")


def _silent(url: str) -> Finding:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), 2.0):
            return fault(
                "api",
                f"The program that listens at {url} does not speak HTTP, or needs more than 10 s.",
                "Read its log; `ss -ltnp` shows which program holds the port.",
            )
    except OSError:
        return warning(
            "api",
            f"Nothing answers at {url}.",
            "Start the API, or name its address with --url.",
        )


def examine_workers(
    settings: Settings, link: RedisLink, blobs: str, release: str
) -> Iterator[Finding]:
    """Check that workers are alive, and that they agree with each other.

    Args:
        settings: the key prefix of the workers' status, and the default model.
        link: to Redis.
        blobs: the identity of the blob store here; empty: there is none here.
        release: the release of Scorelane here.
    """
    fleet = RedisFleet(link, settings)
    try:
        workers, serving = fleet.workers(), fleet.serving()
    except RedisError:
        return  # the check of Redis reports this
    if not workers:
        yield fault(
            "workers",
            "No worker is alive: jobs wait.",
            "Start one (`python -m worker`, `docker compose up -d worker`); its log says what is "
            "wrong.",
        )
        return
    processes = sum(len(worker.processes) for worker in workers)
    alive = "1 worker is" if len(workers) == 1 else f"{len(workers)} workers are"
    size = "1 process" if processes == 1 else f"{processes} processes"
    yield fine("workers", f"{alive} alive, with {size}.")
    if not any(name.startswith(f"{settings.default_model}@") for name in serving):
        yield warning(
            "workers",
            f"No worker serves the default model, '{settings.default_model}'.",
            "Jobs that name no model are refused, or wait: check SCORELANE_SERVE of the workers.",
        )
    yield from _failed(workers)
    yield from _versions(workers, release)
    yield from _clocks(workers)
    yield from _blob_stores(workers, blobs)


def _failed(workers: list[Worker]) -> Iterator[Finding]:
    """Name the models that workers have and cannot serve, or are loading."""
    for worker in workers:
        for name, reason in worker.failed.items():
            yield fault(
                "models",
                f"{worker.name} does not serve {name}: {reason}",
                "Mend the model, or leave it out with SCORELANE_SERVE; then restart the worker.",
            )
        if not worker.processes:
            yield warning(
                "workers",
                f"{worker.name} has no process that is ready: it is loading its models.",
                "Wait; if it lasts, its log says what is wrong.",
            )


def _versions(workers: list[Worker], release: str) -> Iterator[Finding]:
    """Check that all workers have the same releases, libraries and versions of models."""
    releases = {worker.release for worker in workers} | {release}
    if len(releases) > 1:
        yield warning(
            "workers",
            f"The releases of the workers differ, or differ from that here: {_listed(releases)}.",
            "Upgrade all of them. During a rolling upgrade this is expected.",
        )
    names = sorted({name for worker in workers for name in worker.libraries})
    for name in names:
        versions = {worker.libraries.get(name, "none") for worker in workers}
        if len(versions) > 1:
            yield warning(
                "workers",
                f"The workers have different versions of {name}: {_listed(versions)}.",
                "Scores may differ in their last digits from part to part: install one version.",
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
                f"The workers serve different versions of {name}: {_listed(versions)}.",
                "New jobs use the version that was announced last and is served: restart the other "
                "workers.",
            )


def _clocks(workers: list[Worker]) -> Iterator[Finding]:
    for worker in workers:
        if abs(worker.clock_ahead) > MOST_SKEW:
            yield warning(
                "clock",
                f"The clock of {worker.name} is off by {worker.clock_ahead:+.0f} s.",
                "Synchronise the clock of its host by NTP. (No job depends on it.)",
            )


def _blob_stores(workers: list[Worker], blobs: str) -> Iterator[Finding]:
    """Check that all workers have the same blob store, and that each can write it."""
    without = [worker.name for worker in workers if not worker.blobs]
    if without:
        yield fault(
            "blobs",
            f"The folder of blobs cannot be written by {', '.join(without)}.",
            "Check SCORELANE_BLOBS_DIR there, and the owner of the folder.",
        )
    if len({worker.blobs for worker in workers if worker.blobs}) > 1:
        yield fault(
            "blobs",
            "The workers do not all have the same folder of blobs.",
            "Mount one folder at all workers and at the API, and name it in SCORELANE_BLOBS_DIR.",
        )
    elif blobs and any(worker.blobs not in ("", blobs) for worker in workers):
        yield warning(
            "blobs",
            "The workers have another folder of blobs than the settings here name.",
            "If the API has the folder named here, jobs get stuck: set SCORELANE_BLOBS_DIR alike.",
        )


def _listed(values: set[str]) -> str:
    return ", ".join(sorted(values))
