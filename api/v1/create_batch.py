"""Creates batches from uploaded files of requests."""

from typing import Any

from api.requests.terms import LEAST_RETENTION, Terms
from api.security.access import current_identity
from api.security.budgets import check_budgets
from api.services import Services
from api.submission.line_count import LineCount
from api.submission.recording import new_folder, record_bulk
from api.submission.room import check_room
from api.submission.stored_upload import StoredUpload
from api.v1.batch_object import WINDOW, batch_json
from api.v1.first_look import FirstLook, first_look
from api.v1.shapes import BatchObject
from api.v1.stored_files import content_key, find_file
from shared.errors.aliases import AmbiguousVersion
from shared.errors.input import BadRequestField, UnknownModel
from shared.errors.service import BudgetSpent, NoSuchFile, OwnerFull, ServiceFull
from shared.fleet import Served
from shared.jobs.digest import Digest
from shared.jobs.keys import upload_key_of
from shared.storage.batches import ENDPOINT, Batch, BatchFile, BatchProblem, batches
from shared.tables.layouts import REQUESTS

#: Limits of a batch's `metadata`: entries, characters of a key, characters of a value.
_MAX_ENTRIES, _MAX_KEY, _MAX_VALUE = 16, 64, 512


def submit_batch(services: Services, body: Any) -> BatchObject:
    """Create a batch and its job; a worker then checks the input and scores it.

    If the file is empty or names an unknown model, the batch has failed at once and has no job.

    Args:
        services: of the app.
        body: the JSON of the request.

    Raises:
        shared.errors.base.ScorelaneError: the batch is refused, and nothing of it is stored.
    """
    if not isinstance(body, dict):
        raise BadRequestField(param="body", reason="it must be a JSON object")
    _must_be(body, "endpoint", ENDPOINT)
    _must_be(body, "completion_window", WINDOW)
    input_id, metadata = body.get("input_file_id"), _metadata(body.get("metadata"))
    if not isinstance(input_id, str):
        raise BadRequestField(param="input_file_id", reason="it must be the id of a file")
    retention = _retention(services, body.get("output_expires_after"))
    source = find_file(services, input_id)
    terms: Terms = {"as_batch": True, "retention": retention}
    if source.sha256:
        terms["received"] = Digest(sha256=source.sha256, size=source.size)
    look, most_rows = _first_look(services, source)
    check_room(services, look.rows)
    check_budgets(services)
    served = _served(services, look)
    with new_folder(services) as job_id:
        now = services.store.now()
        batch = Batch(
            name=job_id,
            owner=current_identity().owner,
            input_file_id=input_id,
            endpoint=ENDPOINT,
            model=look.model,
            metadata=metadata,
            created_at=now,
            expires_at=now + services.settings.retention_seconds,
            problems=(served,) if isinstance(served, BatchProblem) else (),
        )
        if isinstance(served, BatchProblem):
            batches(services.blobs).put(batch)
            return batch_json(batch, None)
        try:
            # A link of its own: the batch continues if the user deletes the file.
            services.blobs.link({content_key(services, source): upload_key_of(job_id)})
        except FileNotFoundError:
            raise NoSuchFile(file_id=input_id) from None
        batches(services.blobs).put(batch)
        upload = StoredUpload(REQUESTS, source.size, look.rows, most_rows)
        try:
            terms["signature"] = served.card.signature
            job = record_bulk(services, served, job_id, upload, terms)
        except (ServiceFull, OwnerFull, BudgetSpent):
            batches(services.blobs).delete(batch.owner, batch.name)
            raise
        return batch_json(batch, job)


def _first_look(services: Services, source: BatchFile) -> tuple[FirstLook, int | None]:
    """What the beginning shows, and the most requests; None if no budget needs their number."""
    count = LineCount(services)
    try:
        with services.blobs.open(content_key(services, source)) as lines:
            look = first_look(lines, source.size, services.settings.max_record_bytes)
            lines.seek(0)
            count.feed_file(lines)
            return look, count.most_rows(header_lines=0)
    except FileNotFoundError:
        raise NoSuchFile(file_id=f"file-{source.name}") from None


def _served(services: Services, look: FirstLook) -> Served | BatchProblem:
    """The model whose workers check the input; or, if there is none, the problem of the batch.

    If the first line names no model, any model will do: the workers will refuse the input.
    """
    if look.is_empty:
        message = "The input file has no request in it."
        return BatchProblem(code="empty_file", line=None, message=message)
    try:
        served = services.model(look.model)
        if served.card.signature.takes_text:
            return served
        inputs = ", ".join(one.name for one in served.card.signature.inputs)
        message = f"The model takes the columns {inputs} and no text. Submit a job to /jobs."
        return BatchProblem(code="model_takes_columns", line=1, message=message, param="body.model")
    except AmbiguousVersion as error:
        return BatchProblem(code="model_ambiguous", line=1, message=str(error), param="body.model")
    except UnknownModel as error:
        if look.model is None:
            # There are several models and no default.
            return next(iter(services.names.current().values()))
        return BatchProblem(code="model_not_found", line=1, message=str(error), param="body.model")


def _must_be(body: dict[str, Any], param: str, value: str) -> None:
    if body.get(param) != value:
        raise BadRequestField(param=param, reason=f"it must be {value} here")


def _metadata(metadata: Any) -> dict[str, str] | None:
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or len(metadata) > _MAX_ENTRIES:
        reason = f"it must be an object of at most {_MAX_ENTRIES} strings"
        raise BadRequestField(param="metadata", reason=reason)
    for key, value in metadata.items():
        if len(key) > _MAX_KEY or not isinstance(value, str) or len(value) > _MAX_VALUE:
            reason = (
                f"a key may have {_MAX_KEY} characters, and a value must be a string of at most "
                f"{_MAX_VALUE}"
            )
            raise BadRequestField(param="metadata", reason=reason)
    return metadata


def _retention(services: Services, expires_after: Any) -> float | None:
    """The seconds for which the output is stored; None: as long as the settings say."""
    if expires_after is None:
        return None
    seconds = expires_after.get("seconds") if isinstance(expires_after, dict) else None
    most = services.settings.max_retention_seconds
    if type(seconds) is not int or not LEAST_RETENTION <= seconds <= most:
        reason = f"its 'seconds' must be a number from {LEAST_RETENTION} to {most:,.0f}"
        raise BadRequestField(param="output_expires_after", reason=reason)
    return float(seconds)
