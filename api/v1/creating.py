"""Makes batches of files of requests."""

from typing import Any

from api.access import check_room, who
from api.limits import check_rows
from api.recording import Content, new_folder, record_bulk
from api.services import Services
from api.terms import LEAST_RETENTION
from api.v1.batch_object import ENDPOINT, WINDOW, batch_json
from api.v1.lines import Lines, convert
from api.v1.shapes import BatchObject
from api.v1.stored_files import content_key, find_file
from shared.batches import Batch, batches
from shared.fleet import Served
from shared.input_errors import BadRequestField, UnknownModel
from shared.job import NDJSON, folder_of, upload_key_of

#: Of a batch's own notes.
_MOST_NOTES, _MOST_KEY, _MOST_VALUE = 16, 64, 512


def take_batch(at: Services, asked: Any) -> BatchObject:
    """Make the job of a batch; where the input is not as it must be, a batch that has failed.

    Raises:
        shared.errors.ScorelaneError: there can be no batch; nothing of it is kept.
    """
    if not isinstance(asked, dict):
        raise BadRequestField(param="body", reason="it must be a JSON object")
    _must_be(asked, "endpoint", ENDPOINT)
    _must_be(asked, "completion_window", WINDOW)
    input_id, metadata = asked.get("input_file_id"), _metadata(asked.get("metadata"))
    if not isinstance(input_id, str):
        raise BadRequestField(param="input_file_id", reason="it must be the id of a file")
    source = find_file(at, input_id)
    check_room(at, 0)
    with new_folder(at) as job_id:
        with (
            at.blobs.open(content_key(at, source)) as lines,
            at.blobs.writing(upload_key_of(job_id)) as upload,
        ):
            found = convert(
                lines,
                upload,
                size=source.size,
                endpoint=ENDPOINT,
                max_line_bytes=at.settings.max_record_bytes,
            )
        served = _served(at, found)
        now = at.store.now()
        batch = Batch(
            name=job_id,
            owner=who().owner,
            input_file_id=input_id,
            endpoint=ENDPOINT,
            model=found.model,
            metadata=metadata,
            created_at=now,
            expires_at=now + at.settings.retention_seconds,
            problems=tuple(found.problems),
        )
        if served is None:
            at.blobs.delete(folder_of(job_id))
            batches(at.blobs).put(batch)
            return batch_json(batch, None)
        check_rows(at, found.rows)
        check_room(at, found.rows)
        batches(at.blobs).put(batch)
        terms = {"as_batch": True, "retention": _kept(at, asked.get("output_expires_after"))}
        content = Content(NDJSON, found.size, found.rows)
        return batch_json(batch, record_bulk(at, served, job_id, content, terms))


def _served(at: Services, found: Lines) -> Served | None:
    """The model that the requests name; None where the batch fails."""
    if found.problems:
        return None
    try:
        return at.model(found.model)
    except UnknownModel as error:
        found.add(1, "model_not_found", str(error), "body.model")
        return None


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
