"""`/v1/batches`: jobs by another name, made of a file of requests."""

import re
from typing import cast

from flask import Blueprint, request

from api.jobs.lookup import cancel_job, find_job
from api.requests.options import whole_number
from api.schema.describe import Answer, Content, Parameter, describes, json, number
from api.services import Services, services
from api.submission.intake import read_json
from api.v1.batch_object import EXAMPLE_BATCH, WINDOW, batch_json
from api.v1.create_batch import take_batch
from api.v1.shapes import BatchList, BatchObject, page_of
from api.v1.stored_files import owner_asked
from shared.errors.input import BadOption, BadRequestField, NotJson
from shared.errors.service import (
    JobEnded,
    JobExpired,
    JobLost,
    JobNotFound,
    JobNotRestored,
    NoModelYet,
    NoRoom,
    NoSuchBatch,
    NoSuchFile,
    OwnerFull,
    ServiceFull,
    TooLarge,
    UnsupportedEncoding,
)
from shared.jobs.job import State
from shared.storage.batches import ENDPOINT, Batch, batches

blueprint = Blueprint("v1_batches", __name__)

#: Batches on one page of the list.
MAX_PAGE = 100

_ID = re.compile(r"batch_([0-9a-f]{32})")

_BATCH = json(BatchObject, EXAMPLE_BATCH)
_BODY = Content(
    "application/json",
    {
        "type": "object",
        "properties": {
            "input_file_id": {"type": "string"},
            "endpoint": {"const": ENDPOINT},
            "completion_window": {"const": WINDOW},
            "metadata": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
        },
        "required": ["input_file_id", "endpoint", "completion_window"],
    },
    {
        "input_file_id": EXAMPLE_BATCH["input_file_id"],
        "endpoint": ENDPOINT,
        "completion_window": WINDOW,
    },
)
_OF_A_BATCH = (NoSuchBatch, JobNotFound, JobExpired, JobLost, JobNotRestored)


@blueprint.post("/v1/batches")
@describes(
    {
        200: Answer(
            "The batch; `failed`, with its `errors`, where there is nothing to look at.", _BATCH
        )
    },
    refused=(
        NotJson,
        UnsupportedEncoding,
        BadRequestField,
        NoSuchFile,
        TooLarge,
        NoModelYet,
        ServiceFull,
        OwnerFull,
        NoRoom,
    ),
    body=(_BODY,),
)
def create_batch() -> BatchObject:
    """Make a batch of a file of requests; they are looked at and scored later."""
    at = services()
    return take_batch(at, read_json(at, request))


@blueprint.get("/v1/batches")
@describes(
    {200: Answer("The page.", json(BatchList))},
    refused=(BadOption, NoSuchBatch),
    parameters=(
        Parameter("limit", number(0, MAX_PAGE), "At most so many batches."),
        Parameter("after", {"type": "string"}, "The last id of the page before."),
    ),
)
def list_batches() -> BatchList:
    """A page of batches, the newest first."""
    at = services()
    limit = max(whole_number(request.args, "limit", 20, MAX_PAGE), 1)
    after = request.args.get("after")
    before = _name(after) if after else None
    objects: list[BatchObject] = []
    for batch in batches(at.blobs).newest_first(owner_asked(), before):
        try:
            objects.append(_shown(at, batch))
        except (JobNotFound, JobExpired, JobLost, JobNotRestored):
            continue  # it is removed with its job, or restored with it, in a moment
        if len(objects) > limit:
            break
    return cast("BatchList", page_of(objects, limit))


@blueprint.get("/v1/batches/<batch_id>")
@describes({200: Answer("The batch.", _BATCH)}, refused=_OF_A_BATCH)
def retrieve_batch(batch_id: str) -> BatchObject:
    """How a batch stands."""
    at = services()
    batch = _find(at, batch_id)
    return _shown(at, batch)


@blueprint.post("/v1/batches/<batch_id>/cancel")
@describes(
    {200: Answer("The batch, `cancelled`, or `cancelling` for a moment.", _BATCH)},
    refused=(*_OF_A_BATCH, JobEnded),
)
def cancel_batch(batch_id: str) -> BatchObject:
    """Stop a batch."""
    at = services()
    batch = _find(at, batch_id)
    if batch.problems:
        raise JobEnded(job_id=batch_id, state=State.FAILED)
    cancel_job(at, batch.name)
    return _shown(at, batch)


def _name(batch_id: str) -> str:
    found = _ID.fullmatch(batch_id)
    if not found:
        raise NoSuchBatch(batch_id=batch_id[:80])
    return found[1]


def _find(at: Services, batch_id: str) -> Batch:
    batch = batches(at.blobs).find(owner_asked(), _name(batch_id))
    if batch is None:
        raise NoSuchBatch(batch_id=batch_id)
    return batch


def _shown(at: Services, batch: Batch) -> BatchObject:
    try:
        job = find_job(at, batch.name)
    except (JobNotFound, JobExpired, JobLost):
        if batch.problems:
            return batch_json(batch, None)
        raise
    # Its input is put away when all else is done of a cancel.
    is_settled = job.state is not State.CANCELLED or not at.blobs.exists(job.spec.upload_key)
    return batch_json(batch, job, is_settled=is_settled)
