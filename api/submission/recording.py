"""Recording jobs whose rows are stored, and dispatching their first step.

The order is: content, manifest, record, message. A job in the queue therefore has a record, and a
record has its content. After a crash, the sweep removes content that has no manifest.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from api.process.deferred import record_later
from api.requests.terms import Terms
from api.security.access import current_identity
from api.security.budgets import current_budgets
from api.services import Services
from api.submission.output import check_output
from api.submission.shadows import shadow_for
from api.submission.stored_upload import StoredUpload, part_limits
from api.uploads.json_rows import Row
from shared.errors.service import PerhapsAccepted
from shared.fleet import Served
from shared.jobs.job import Job
from shared.jobs.job_ids import made_at, new_job_id
from shared.jobs.keys import folder_of
from shared.jobs.new_job import NewJob
from shared.jobs.spec import Spec
from shared.jobs.usage import Claim
from shared.redis.refusals import refusal
from shared.storage.manifest import write_manifest
from shared.tables.layouts import NDJSON
from shared.tables.stored_rows import write_rows
from shared.telemetry import context

logger = logging.getLogger(__name__)


def record_small(services: Services, served: Served, rows: list[Row], terms: Terms) -> Job:
    """Put a small job into its model's waiting list, and ring the doorbell if needed.

    Args:
        services: the store and the dispatch.
        served: the model.
        rows: as `json_rows` returns them.
        terms: further fields of the job's `Spec`.

    Raises:
        shared.errors.service.ServiceFull: too many small jobs are waiting already.
        shared.errors.service.BudgetSpent: a budget of the client has too few rows left today.
    """
    content = write_rows(rows, len(served.card.signature.inputs))
    spec = Spec(
        id=new_job_id(services.store.now()),
        model=served.card.name,
        version=served.card.version,
        kind="small",
        layout=NDJSON,
        size=len(content),
        owner=current_identity().owner,
        key=current_identity().id,
        traceparent=traceparent(),
        **terms,
    )
    return start_small(services, spec, content, len(rows))


def start_small(services: Services, spec: Spec, content: bytes, rows: int) -> Job:
    """Record a small job and have it scored; the event loop does both after its request.

    Args:
        services: the store and the dispatch.
        spec: of the job.
        content: its rows, as `write_rows` writes them.
        rows: their number.
    """
    job = Job(spec=spec, created_at=made_at(spec.id), total=rows)
    with _recording(spec):
        claim = Claim(rows, current_budgets(services))
        bell = services.dispatch.doorbell(spec.full_name, spec.id)
        new = NewJob(job, content, claim, bell)
        must_ring = not record_later(new) and services.store.create(*new)
    if must_ring:
        with _dispatching(spec):
            services.dispatch.answer(spec.full_name)
    return job


def record_bulk(
    services: Services, served: Served, job_id: str, upload: StoredUpload, terms: Terms
) -> Job:
    """Record a job whose upload is in the blob store, and have it split.

    Args:
        services: the store, the blobs and the dispatch.
        served: the model.
        job_id: from `new_folder`.
        upload: its layout, size and number of rows.
        terms: further fields of the job's `Spec`.
    """
    spec = Spec(
        id=job_id,
        model=served.card.name,
        version=served.card.version,
        kind="bulk",
        layout=upload.layout,
        size=upload.size,
        owner=current_identity().owner,
        key=current_identity().id,
        traceparent=traceparent(),
        about_rows=upload.rows,
        most_rows=upload.most_rows,
        shadow=shadow_for(services, served, job_id, terms),
        **part_limits(services, served, upload),
        **terms,
    )
    return start_bulk(services, spec, spec.most_rows or spec.about_rows)


def start_bulk(services: Services, spec: Spec, rows: int) -> Job:
    """Record a job whose upload is in the blob store, and have it split when its turn comes.

    Args:
        services: the store, the blobs and the lanes.
        spec: of the job.
        rows: the most rows that are to be scored.

    Raises:
        shared.errors.base.ScorelaneError: its output cannot be written; see `check_output`.
    """
    if spec.output:
        check_output(services, spec)
    job = Job(spec=spec, created_at=made_at(spec.id))
    write_manifest(services.blobs, job, [])
    with _recording(spec):
        services.store.create(job, claim=Claim(rows, current_budgets(services)))
    with _dispatching(spec):
        services.lanes.fill(spec.full_name)
    return job


def traceparent() -> str:
    """Return the `traceparent` of the current request; empty if it has none."""
    return str(context.fields().get("traceparent", ""))


@contextmanager
def _recording(spec: Spec) -> Iterator[None]:
    """Report a record whose outcome is unknown because Redis did not answer.

    With a key, the client can send the request again to find out, so neither the key nor the
    stored rows are removed.
    """
    try:
        yield
    except RedisError as error:
        # A refused script has recorded nothing.
        if spec.binding is None or refusal(error):
            raise
        logger.warning("job=%s may be recorded: %s", spec.id, type(error).__name__)
        raise PerhapsAccepted(reason=type(error).__name__) from error


@contextmanager
def _dispatching(spec: Spec) -> Iterator[None]:
    """Accept a recorded job even if its message cannot be sent: the reconciler sends it later."""
    try:
        yield
    except (OperationalError, RedisError) as error:
        logger.warning("job=%s waits for the reconciler: %s", spec.id, type(error).__name__)


@contextmanager
def temporary_folder(services: Services) -> Iterator[str]:
    """Give the id of a folder in the blob store that is deleted at the block's end."""
    job_id = new_job_id(services.store.now())
    try:
        yield job_id
    finally:
        services.blobs.delete(folder_of(job_id))


@contextmanager
def new_folder(services: Services) -> Iterator[str]:
    """Give the id of a new bulk job; the blobs under it are deleted if the block raises.

    They are not deleted after `PerhapsAccepted`, as the job may exist. If it does not, the sweep
    deletes them.
    """
    # Not `now`: if Redis is first swept while the upload is received, this id must not be older
    # than what Redis remembers. Once deleted, the job would be reported as lost.
    job_id = new_job_id(services.store.new_time())
    try:
        yield job_id
    except PerhapsAccepted:
        raise
    except BaseException:
        services.blobs.delete(folder_of(job_id))
        raise
