"""Makes batches of files of requests."""

from typing import Any

from api.requests.terms import LEAST_RETENTION
from api.security.access import check_room, who
from api.services import Services
from api.submission.recording import Content, new_folder, record_bulk
from api.v1.batch_object import WINDOW, batch_json
from api.v1.first_look import FirstLook, first_look
from api.v1.shapes import BatchObject
from api.v1.stored_files import content_key, find_file
from shared.errors.input import BadRequestField, UnknownModel
from shared.errors.service import NoSuchFile
from shared.fleet import Served
from shared.jobs.job import upload_key_of
from shared.storage.batches import ENDPOINT, Batch, BatchFile, BatchProblem, batches
from shared.tables.layouts import REQUESTS

#: Of a batch's own notes.
_MOST_NOTES, _MOST_KEY, _MOST_VALUE = 16, 64, 512


def take_batch(at: Services, asked: Any) -> BatchObject:
    """Make the job of a batch; a worker looks at its input. Where none can be made it has failed.

    Raises:
        shared.errors.service.ScorelaneError: there can be no batch; nothing of it is kept.
    """
    if not isinstance(asked, dict):
        raise BadRequestField(param="body", reason="it must be a JSON object")
    _must_be(asked, "endpoint", ENDPOINT)
    _must_be(asked, "completion_window", WINDOW)
    input_id, metadata = asked.get("input_file_id"), _metadata(asked.get("metadata"))
    if not isinstance(input_id, str):
        raise BadRequestField(param="input_file_id", reason="it must be the id of a file")
    terms = {"as_batch": True, "retention": _kept(at, asked.get("output_expires_after"))}
    source = find_file(at, input_id)
    seen = _looked_at(at, source)
    check_room(at, seen.rows)
    served = _served(at, seen)
    with new_folder(at) as job_id:
        now = at.store.now()
        batch = Batch(
            name=job_id,
            owner=who().owner,
            input_file_id=input_id,
            endpoint=ENDPOINT,
            model=seen.model,
            metadata=metadata,
            created_at=now,
            expires_at=now + at.settings.retention_seconds,
            problems=(served,) if isinstance(served, BatchProblem) else (),
        )
        if isinstance(served, BatchProblem):
            batches(at.blobs).put(batch)
            return batch_json(batch, None)
        try:
            # Its own: the batch goes on where the file is deleted.
            at.blobs.link({content_key(at, source): upload_key_of(job_id)})
        except FileNotFoundError:
            raise NoSuchFile(file_id=input_id) from None
        batches(at.blobs).put(batch)
        content = Content(REQUESTS, source.size, seen.rows)
        return batch_json(batch, record_bulk(at, served, job_id, content, terms))


def _looked_at(at: Services, source: BatchFile) -> FirstLook:
    try:
        with at.blobs.open(content_key(at, source)) as lines:
            return first_look(lines, source.size, at.settings.max_record_bytes)
    except FileNotFoundError:
        raise NoSuchFile(file_id=f"file-{source.name}") from None


def _served(at: Services, seen: FirstLook) -> Served | BatchProblem:
    """The model whose workers look at the input, or why nobody does.

    Of an input that names none in its first line it is the default one: it will not be scored.
    """
    if seen.is_empty:
        message = "The input file has no request in it."
        return BatchProblem(code="empty_file", line=None, message=message)
    try:
        return at.model(seen.model)
    except UnknownModel as error:
        if seen.model is None:
            # None is the default one. Nothing is scored, so any of them will do.
            return next(iter(at.fleet.models().values()))
        return BatchProblem(code="model_not_found", line=1, message=str(error), param="body.model")


def _must_be(asked: dict[str, Any], param: str, only: str) -> None:
    if asked.get(param) != only:
        raise BadRequestField(param=param, reason=f"it must be {only} here")


def _metadata(given: Any) -> dict[str, str] | None:
    if given is None:
        return None
    if not isinstance(given, dict) or len(given) > _MOST_NOTES:
        reason = f"it must be an object of at most {_MOST_NOTES} strings"
        raise BadRequestField(param="metadata", reason=reason)
    for key, value in given.items():
        if len(key) > _MOST_KEY or not isinstance(value, str) or len(value) > _MOST_VALUE:
            reason = f"keys have up to {_MOST_KEY} characters, values are strings of {_MOST_VALUE}"
            raise BadRequestField(param="metadata", reason=reason)
    return given


def _kept(at: Services, asked: Any) -> float | None:
    """For how long the output is to be kept; None: as the settings say."""
    if asked is None:
        return None
    seconds = asked.get("seconds") if isinstance(asked, dict) else None
    most = at.settings.max_retention_seconds
    if type(seconds) is not int or not LEAST_RETENTION <= seconds <= most:
        reason = f"its 'seconds' must be a number from {LEAST_RETENTION} to {most:,.0f}"
        raise BadRequestField(param="output_expires_after", reason=reason)
    return float(seconds)
