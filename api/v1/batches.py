"""`/v1/batches`: jobs that score the requests of an uploaded file."""

import re
from typing import cast

from flask import Blueprint, request

from api.jobs.lookup import cancel_job, find_job
from api.requests.json_body import read_json_body
from api.requests.options import whole_number
from api.schema.describe import Answer, Content, Parameter, describes, json, number
from api.services import Services, current_services
from api.v1.batch_object import EXAMPLE_BATCH, WINDOW, batch_json
from api.v1.create_batch import submit_batch
from api.v1.shapes import BatchList, BatchObject, page_of
from api.v1.stored_files import owner_filter
from shared.errors.input import BadOption, BadRequestField, NotJson
from shared.errors.service import (
    BudgetSpent,
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
from shared.jobs.state import State
from shared.storage.batches import ENDPOINT, Batch, batches

blueprint = Blueprint("v1_batches", __name__)

#: The most batches on one page of the list.
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
            "The batch; it is `failed` if its file is empty or names an unknown model.",
            _BATCH,
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
        BudgetSpent,
        NoRoom,
    ),
    body=(_BODY,),
)
def create_batch() -> BatchObject:
    """Create a batch from a file of requests; a worker checks and scores them later."""
    services = current_services()
    with services.body_memory.reserving() as memory:
        return submit_batch(services, read_json_body(services.settings, request, memory))


@blueprint.get("/v1/batches")
@describes(
    {200: Answer("A page of batches.", json(BatchList))},
    refused=(BadOption, NoSuchBatch),
    parameters=(
        Parameter("limit", number(1, MAX_PAGE), "The most batches on the page."),
        Parameter("after", {"type": "string"}, "The `last_id` of the previous page."),
    ),
)
def list_batches() -> BatchList:
    """A page of batches, the newest first."""
    services = current_services()
    limit = whole_number(request.args, "limit", 20, MAX_PAGE, least=1)
    after = request.args.get("after")
    before = _name(after) if after else None
    objects: list[BatchObject] = []
    for batch in batches(services.blobs).newest_first(owner_filter(), before):
        try:
            objects.append(_to_json(services, batch))
        except (JobNotFound, JobExpired, JobLost, JobNotRestored):
            continue  # its job is gone, and the batch will soon be; or its job is being restored
        if len(objects) > limit:
            break
    return cast("BatchList", page_of(objects, limit))


@blueprint.get("/v1/batches/<batch_id>")
@describes({200: Answer("The batch.", _BATCH)}, refused=_OF_A_BATCH)
def retrieve_batch(batch_id: str) -> BatchObject:
    """The state of a batch."""
    services = current_services()
    batch = _find(services, batch_id)
    return _to_json(services, batch)


@blueprint.post("/v1/batches/<batch_id>/cancel")
@describes(
    {200: Answer("The batch; it is `cancelled`, or for a moment `cancelling`.", _BATCH)},
    refused=(*_OF_A_BATCH, JobEnded),
)
def cancel_batch(batch_id: str) -> BatchObject:
    """Cancel a batch; the results that are done by then remain."""
    services = current_services()
    batch = _find(services, batch_id)
    if batch.problems:
        raise JobEnded(job_id=batch_id, state=State.FAILED)
    cancel_job(services, batch.name)
    return _to_json(services, batch)


def _name(batch_id: str) -> str:
    found = _ID.fullmatch(batch_id)
    if not found:
        raise NoSuchBatch(batch_id=batch_id[:80])
    return found[1]


def _find(services: Services, batch_id: str) -> Batch:
    batch = batches(services.blobs).find(owner_filter(), _name(batch_id))
    if batch is None:
        raise NoSuchBatch(batch_id=batch_id)
    return batch


def _to_json(services: Services, batch: Batch) -> BatchObject:
    try:
        job = find_job(services, batch.name)
    except (JobNotFound, JobExpired, JobLost):
        if batch.problems:
            return batch_json(batch, None)
        raise
    # Deleting the input is the last step of cancelling a job.
    is_settled = job.state is not State.CANCELLED or not services.blobs.exists(job.spec.upload_key)
    return batch_json(batch, job, is_settled=is_settled)
