"""Findings about the workers: whether they live, and agree with each other."""

from collections.abc import Collection, Iterator, Sequence

from shared.config.settings import Settings
from shared.fleet import Worker, declined_by, name_of
from shared.monitoring.findings import HERE, Finding, fault, fine, warning
from shared.monitoring.redis_findings import MOST_SKEW


def worker_findings(
    settings: Settings,
    workers: Sequence[Worker],
    serving: Collection[str],
    *,
    blobs: str,
    release: str,
    place: str = HERE,
) -> Iterator[Finding]:
    """What is well and what is wrong with the workers.

    Args:
        settings: of the program that asks; its default model should be served.
        workers: those that live.
        serving: the full names of the models that live processes serve.
        blobs: the identity of the blob store of that program; empty: it has none.
        release: the release of Scorelane of that program.
        place: where that program is, as the findings name it.
    """
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
    yield from _declined(workers, serving)
    yield from _versions(workers, release, place)
    yield from _clocks(workers)
    yield from _blob_stores(workers, blobs, place)


def _failed(workers: Sequence[Worker]) -> Iterator[Finding]:
    """Name the models that workers have and cannot serve, or are loading."""
    for worker in workers:
        for name, reason in worker.failed.items():
            yield fault(
                "models",
                f"{worker.name} does not serve {name}: {reason}",
                "Mend the model: the worker tries it again when a file of its folder changes. Or "
                "leave it out with SCORELANE_SERVE, and restart the worker.",
            )
        if not worker.processes:
            yield warning(
                "workers",
                f"{worker.name} has no process that is ready: it is loading its models.",
                "Wait; if it lasts, its log says what is wrong.",
            )


def _declined(workers: Sequence[Worker], serving: Collection[str]) -> Iterator[Finding]:
    """Name the versions that workers leave to others, and whether anybody serves them."""
    names = {name_of(full_name) for full_name in serving}
    for full_name, why in declined_by(workers).items():
        if full_name in serving:
            without = [one.name for one in workers if full_name in one.declined]
            own = [one.name for one in workers if full_name in one.models]
            yield fine(
                "models",
                f"{full_name} is served by {', '.join(own)}, and left to others by "
                f"{', '.join(without)}: {why}.",
            )
            continue
        # An older version that is kept harms nobody while another one is served.
        found = warning if name_of(full_name) in names else fault
        yield found(
            "models",
            f"No worker serves {full_name}: {why}.",
            "Start a worker in an environment with these versions "
            "(docs/how-to/serve-models-of-other-libraries.md), or add the model again here. "
            "SCORELANE_LIBRARY_VERSIONS=proven serves it with other versions, if it gives the same "
            "for its examples.",
        )


def _versions(workers: Sequence[Worker], release: str, place: str) -> Iterator[Finding]:
    """Check that all workers have the same releases, libraries and versions of models."""
    releases = {worker.release for worker in workers} | {release}
    if len(releases) > 1:
        yield warning(
            "workers",
            f"The releases of the workers differ, or differ from that {place}: "
            f"{_listed(releases)}.",
            "Upgrade all of them. During a rolling upgrade this is expected.",
        )
    # With `same` no model is scored with two versions of what it needs.
    mixing = [worker for worker in workers if worker.accepts != "same"]
    names = sorted({name for worker in workers for name in worker.libraries})
    for name in names if mixing else ():
        versions = {worker.libraries.get(name, "none") for worker in workers}
        if len(versions) > 1:
            yield warning(
                "workers",
                f"The workers have different versions of {name}: {_listed(versions)}.",
                "Scores may differ in their last digits from part to part: install one version. "
                "Or let each serve the models that were made for it alone "
                "(SCORELANE_LIBRARY_VERSIONS=same).",
            )
    served: dict[str, set[str]] = {}
    for worker in workers:
        for full_name in worker.models:
            name, _, version = full_name.partition("@")
            served.setdefault(name, set()).add(version)
    for name, versions in sorted(served.items()):
        if any(_lacks(worker, name, versions) for worker in workers):
            yield warning(
                "workers",
                f"The workers serve different versions of {name}: {_listed(versions)}.",
                "New jobs use the version that was announced last and is served: restart the other "
                "workers.",
            )


def _lacks(worker: Worker, name: str, versions: Collection[str]) -> bool:
    """Whether a worker serves a model, and not all of its versions that are served.

    What it leaves to others, it does not lack.
    """
    there = {*worker.models, *worker.declined}
    return any(name_of(one) == name for one in worker.models) and any(
        f"{name}@{version}" not in there for version in versions
    )


def _clocks(workers: Sequence[Worker]) -> Iterator[Finding]:
    for worker in workers:
        if abs(worker.clock_ahead) > MOST_SKEW:
            yield warning(
                "clock",
                f"The clock of {worker.name} is off by {worker.clock_ahead:+.0f} s.",
                "Synchronise the clock of its host by NTP. (No job depends on it.)",
            )


def _blob_stores(workers: Sequence[Worker], blobs: str, place: str) -> Iterator[Finding]:
    """Check that all workers have the same blob store, and that each can write it."""
    without = [worker.name for worker in workers if not worker.blobs]
    if without:
        yield fault(
            "blobs",
            f"The blob store cannot be written by {', '.join(without)}.",
            "Check SCORELANE_BLOBS_DIR there, and the owner of the folder; for object storage "
            "SCORELANE_BLOBS, and the credentials.",
        )
    if len({worker.blobs for worker in workers if worker.blobs}) > 1:
        yield fault(
            "blobs",
            "The workers do not all have the same blob store.",
            "Mount one folder at all workers and at the API, and name it in SCORELANE_BLOBS_DIR. "
            "Or name the same object storage in SCORELANE_BLOBS.",
        )
    elif blobs and any(worker.blobs not in ("", blobs) for worker in workers):
        yield warning(
            "blobs",
            f"The workers have another blob store than the settings {place} name.",
            "If the API has another one than the workers, jobs get stuck: set SCORELANE_BLOBS_DIR "
            "and SCORELANE_BLOBS alike.",
        )


def _listed(values: set[str]) -> str:
    return ", ".join(sorted(values))
