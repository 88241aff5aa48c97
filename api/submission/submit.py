"""`POST /jobs`: take a job in, and wait for its end if the client prefers to."""

import time
from contextlib import suppress

from flask import Blueprint, Response, jsonify, request

from api.errors import read_on
from api.jobs.prefer import APPLIED, PREFER, applied, preferences_of, wait_for_end
from api.jobs.representation import EXAMPLE_JOB, JobJson, job_answer
from api.process.measures import note_upload
from api.requests.options import JobOptions, parameters_of
from api.results.views import RESULTS, ResultsPage, results_response
from api.schema.describe import OF_ROWS, Answer, Content, describes, json
from api.schema.row_types import JSON_ROWS
from api.services import Services, current_services
from api.submission.dry_run import EXAMPLE, DryRun, dry_run
from api.submission.idempotency import HEADER, REPLAYED, Claim, key_of
from api.submission.intake import take_job
from shared.errors.input import NotMultipart
from shared.errors.service import (
    BadIdempotencyKey,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    NoRoom,
    NotAcceptable,
    OwnerFull,
    PerhapsAccepted,
    UnsupportedFormat,
)
from shared.jobs.job import Job, State

blueprint = Blueprint("submitting", __name__)

_FILES = (
    Content("text/csv", {"type": "string"}, "ref,text\n1,I am well\n"),
    Content("text/tab-separated-values", {"type": "string"}, "ref\ttext\n1\tI am well\n"),
    Content("application/x-ndjson", {"type": "string"}, '{"ref": 1, "text": "I am well"}\n'),
    Content("application/vnd.apache.parquet", {"type": "string", "format": "binary"}),
    Content(
        "multipart/form-data",
        {
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary"}},
            "required": ["file"],
        },
    ),
)

_WHERE = {"Location": "Where the job is.", **APPLIED, **REPLAYED}


@blueprint.post("/jobs")
@describes(
    {
        200: Answer(
            "Its results: the job has ended while the request waited. Or, with `validate=true`, "
            "what would become of it.",
            (*RESULTS[:-1], *json(ResultsPage | DryRun, EXAMPLE)),
            _WHERE,
        ),
        202: Answer(
            "Accepted.",
            json(JobJson, EXAMPLE_JOB),
            {**_WHERE, "Retry-After": "Seconds until it is worth asking; while it runs."},
        ),
    },
    refused=(
        *OF_ROWS,
        NotMultipart,
        UnsupportedFormat,
        BadIdempotencyKey,
        IdempotencyKeyInUse,
        IdempotencyKeyReused,
        OwnerFull,
        PerhapsAccepted,
        NoRoom,
    ),
    parameters=(*parameters_of(JobOptions), PREFER, HEADER),
    body=(*JSON_ROWS, *_FILES),
)
def submit() -> Response:
    """Take a job in; it is scored later, or while the client waits.

    With `validate=true` none is made, and the answer says what would become of it.
    """
    at, preferred = current_services(), preferences_of(request)
    if request.args.get("validate") == "true":
        looked_at = jsonify(dry_run(at, request))
        read_on()
        return looked_at
    began = time.perf_counter()
    taken, replayed = _take(at)
    note_upload(taken, time.perf_counter() - began)
    job, waited = wait_for_end(at, taken, preferred)
    answer = None
    if waited is not None and job.state is State.SUCCEEDED:
        # Who accepts none of the formats that there are shall not lose the job over it.
        with suppress(NotAcceptable):
            answer = results_response(at, job, json_first=request.mimetype == "application/json")
            answer.headers["Content-Location"] = f"/jobs/{job.spec.id}/results"
    answer = answer or job_answer(at, job, 202)
    if replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    answer.headers["Location"] = f"/jobs/{job.spec.id}"
    at_once = preferred.respond_async and answer.status_code == 202
    if said := applied(waited, at_once=at_once):
        answer.headers["Preference-Applied"] = said
    return answer


def _take(at: Services) -> tuple[Job, bool]:
    """The job of the request, and whether an earlier one with its key has made it."""
    key = key_of(request)
    if key is None:
        return take_job(at, request), False
    with Claim(at, key) as claim:
        made = claim.take()
        return (
            (claim.replay(request, made), True) if made else (take_job(at, request, claim), False)
        )
