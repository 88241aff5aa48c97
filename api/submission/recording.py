"""Records jobs whose content is there, and dispatches their first step.

The order is: content, manifest, record, message. A job in the queue has a record, and a record has
its content; what a crash leaves without a manifest is nobody's job.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from api.requests.terms import Terms
from api.security.access import who
from api.services import Services
from api.uploads.json_rows import Row
from shared.errors.service import PerhapsAccepted
from shared.fleet import Served
from shared.jobs.job import Job, Spec, folder_of, made_at, new_job_id
from shared.storage.manifest import write_manifest
from shared.tables.layouts import NDJSON, Layout
from shared.tables.parts import MAX_PART_BYTES, most_bytes_of
from shared.tables.stored_rows import write_rows
from shared.telemetry import context

logger = logging.getLogger(__name__)

#: A job of few rows is cut into so many parts for each process, so that all have work to its end.
PARTS_PER_PROCESS = 4

#: With more processes parts are longer in proportion, so that all together end no more of them in a
#: second: each costs 10 ms of a core, and is a file that is synced, of which one disk took 250 a
#: second. Who comes in between waits no longer for it: one of so many processes is free as soon.
MANY_PROCESSES = 10

#: But into none smaller than this share of a full part: each part costs some milliseconds.
LEAST_PART = 0.1


def record_small(services: Services, served: Served, rows: list[Row], terms: Terms) -> Job:
    """Put a few rows into their model's waiting list, and ring the doorbell if need be.

    Args:
        services: where to record them.
        served: their model.
        rows: as `json_rows` gives them.
        terms: as they were asked for.
    """
    content = write_rows(rows)
    spec = Spec(
        id=new_job_id(services.store.now()),
        model=served.card.name,
        version=served.card.version,
        kind="small",
        layout=NDJSON,
        size=len(content),
        owner=who().owner,
        traceparent=str(context.fields().get("traceparent", "")),
        **terms,
    )
    return begin_small(services, spec, content, len(rows))


def begin_small(services: Services, spec: Spec, content: bytes, rows: int) -> Job:
    """Record a small job of so many rows, as `write_rows` writes them, and have it answered."""
    job = Job(spec=spec, created_at=made_at(spec.id), total=rows)
    with _recorded(spec):
        must_ring = services.store.create(job, content)
    if must_ring:
        with _accepted(spec):
            services.dispatch.answer(spec.full_name)
    return job


@dataclass(frozen=True)
class Content:
    """What of a bulk job is in the blob store.

    Attributes:
        layout: where the rows are in it.
        size: bytes.
        rows: about how many.
    """

    layout: Layout
    size: int
    rows: int


def record_bulk(
    services: Services, served: Served, job_id: str, content: Content, terms: Terms
) -> Job:
    """Record a job whose upload is in the blob store.

    Args:
        services: where to record it.
        served: its model.
        job_id: from `new_folder`.
        content: the upload.
        terms: as they were asked for.
    """
    spec = Spec(
        id=job_id,
        model=served.card.name,
        version=served.card.version,
        kind="bulk",
        layout=content.layout,
        size=content.size,
        owner=who().owner,
        traceparent=str(context.fields().get("traceparent", "")),
        about_rows=content.rows,
        **_parts(services, served, content),
        **terms,
    )
    return begin_bulk(services, spec)


def begin_bulk(services: Services, spec: Spec) -> Job:
    """Record a job whose content is in the blob store, and have it split."""
    job = Job(spec=spec, created_at=made_at(spec.id))
    write_manifest(services.blobs, job, [])
    with _recorded(spec):
        services.store.create(job)
    with _accepted(spec):
        services.dispatch.split(spec.full_name, spec.id)
    return job


@contextmanager
def _recorded(spec: Spec) -> Iterator[None]:
    """Record a job here; where its answer is lost, nobody knows whether it is recorded.

    Who has sent a key with it can ask by that; so neither the key nor what is stored is let go.
    """
    try:
        yield
    except RedisError as error:
        if spec.binding is None:
            raise
        logger.warning("job=%s may be recorded: %s", spec.id, type(error).__name__)
        raise PerhapsAccepted(reason=type(error).__name__) from error


@contextmanager
def _accepted(spec: Spec) -> Iterator[None]:
    """A job that is recorded is accepted: a message that cannot be sent is the reconciler's."""
    try:
        yield
    except (OperationalError, RedisError) as error:
        logger.warning("job=%s waits for the reconciler: %s", spec.id, type(error).__name__)


def _parts(services: Services, served: Served, content: Content) -> dict[str, int]:
    """How a job is cut: into parts that take `part_seconds`, or longer with many processes.

    Of a job that is too short for all processes, into finer ones; and so is the end of a longer
    one, as much of it as all processes take up at a time.

    Args:
        services: say how many processes there are.
        served: says how fast each of them is.
        content: what is cut.
    """
    processes = max(services.fleet.processes(served.card.full_name), 1)
    seconds = services.settings.part_seconds * max(processes / MANY_PROCESSES, 1)
    most = served.rate * seconds
    share = content.rows / (processes * PARTS_PER_PROCESS)
    rows = max(int(min(most, max(share, most * LEAST_PART))), 1)
    whole_bytes = rows * content.size / max(content.rows, 1)
    # Of a fast model the bytes may fill a part long before its rows do.
    is_short = share < most and whole_bytes <= MAX_PART_BYTES
    if is_short or content.layout.stored_apart:
        return {"rows_per_part": rows}
    part_bytes = min(whole_bytes, most_bytes_of(rows))
    fine_from = content.size - int(processes * part_bytes)
    return {"rows_per_part": rows, "fine_from": max(fine_from, content.layout.start)}


@contextmanager
def passing_folder(services: Services) -> Iterator[str]:
    """The id of what becomes no job; what was stored for it goes at the block's end."""
    job_id = new_job_id(services.store.now())
    try:
        yield job_id
    finally:
        services.blobs.delete(folder_of(job_id))


@contextmanager
def new_folder(services: Services) -> Iterator[str]:
    """An id for a bulk job; what was stored for it goes if the block raises.

    Unless the job may be recorded, and can be asked for. The sweep removes it if it is not.
    """
    # A first sweep while the upload comes in must not make it older than what is remembered: once
    # it is deleted, it would be told to be lost.
    job_id = new_job_id(services.store.new_time())
    try:
        yield job_id
    except PerhapsAccepted:
        raise
    except BaseException:
        services.blobs.delete(folder_of(job_id))
        raise
