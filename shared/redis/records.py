"""The form of a job and its parts in Redis: fields of hashes, and texts."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from shared.errors.service import DataDamaged
from shared.jobs.job import Job
from shared.jobs.spec import PRIORITY_WEIGHTS, Spec
from shared.jobs.state import CallbackState
from shared.redis.usage import account_of
from shared.tables.parts import Part

logger = logging.getLogger(__name__)

#: Fields of the record that have the name of a field of `Job`.
_FIELDS = Job.model_fields.keys() - {"spec", "parts_done"}


def record_of(job: Job) -> dict[str, Any]:
    """The record of a job of which nothing is done yet."""
    record = job.model_dump(mode="json", include=_FIELDS, exclude_none=True)
    nothing = dict.fromkeys(("parts", "dispatched", "done", "cut_rows"), 0)
    own: dict[str, Any] = {"spec": job.spec.model_dump_json(), "full_name": job.spec.full_name}
    own |= {"owner": job.spec.owner, "about_rows": job.spec.about_rows}
    spec = job.spec
    own["account"] = account_of(spec.owner, spec.key, spec.full_name, spec.labels)
    if job.spec.priority != "normal":
        own["priority"] = PRIORITY_WEIGHTS[job.spec.priority]
    if job.spec.fixed_rows:
        own["fixed_rows"] = job.spec.fixed_rows
    if job.spec.traceparent:
        own["traceparent"] = job.spec.traceparent
    if job.spec.tolerance < 1:
        own["tolerance"] = job.spec.tolerance
    if job.spec.retry_of:
        # As for a restored job, results of its parts may exist already.
        own["restored"] = 1
        own["retry_of"] = job.spec.retry_of
    if job.spec.retention:
        own["retention"] = job.spec.retention
    if job.spec.callback_url and not job.callback_state:
        own["callback_state"] = CallbackState.WAITING.value
    return record | nothing | own | {"cut_bytes": job.spec.layout.start}


def job_of(record: dict[str, str], job_id: str = "") -> Job | None:
    """The job in a record; None if there is no record, or only what a late writer has set.

    Args:
        record: the fields of the record.
        job_id: the id of the job, for the error.

    Raises:
        shared.errors.service.DataDamaged: a field is not as it was written.
    """
    if "spec" not in record:
        return None
    try:
        return Job(
            spec=Spec.model_validate_json(record["spec"]),
            parts_done=int(record["done"]),
            # pydantic converts the texts to numbers and a state
            **{name: record[name] for name in _FIELDS if name in record},
        )
    except (ValueError, KeyError):
        raise DataDamaged(
            key=f"job:{job_id}", reason="its record in Redis is not what was written"
        ) from None


def readable_jobs(records: Iterable[dict[str, str]]) -> Iterator[Job]:
    """The jobs in some records, without the damaged ones: they must not hide the others."""
    for record in records:
        try:
            job = job_of(record)
        except DataDamaged as error:
            logger.error("a job is left out: %s", error)  # noqa: TRY400  it is no bug
        else:
            if job:
                yield job


def flat(record: dict[str, Any]) -> list[Any]:
    """Names and values in turn: the form in which scripts take the fields of a hash."""
    return [text for pair in record.items() for text in pair]


def text_of(part: Part) -> str:
    """The text of a part: `offset,length,first_row,rows`."""
    return f"{part.offset},{part.length},{part.first_row},{part.rows}"


def part_of(text: str) -> Part:
    """The part in a text of `text_of`."""
    offset, length, first_row, rows = map(int, text.split(","))
    return Part(offset=offset, length=length, first_row=first_row, rows=rows)
