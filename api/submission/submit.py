"""`POST /jobs`: take in a job, and wait for its end if the client asks for that."""

import time
from contextlib import suppress
from functools import partial

from flask import Blueprint, Response, jsonify, request

from api.event_loop.later import PlainAnswer, makes_again
from api.jobs.prefer import (
    APPLIED,
    PREFER,
    Preferences,
    applied,
    preferences_of,
    wait_for_end,
)
from api.jobs.representation import job_answer, plain_answer
from api.jobs.shapes import EXAMPLE_JOB, JobJson
from api.process.deferred import is_deferred
from api.process.measures import note_upload
from api.requests.body import read_rest
from api.requests.content import RequestContent, content_of
from api.requests.options import JobOptions, parameters_of
from api.results.views import RESULTS, ResultsPage, results_response
from api.schema.describe import OF_PLACES, OF_ROWS, Answer, Content, describes, json
from api.schema.row_types import JSON_ROWS_OR_ADDRESSES
from api.services import Services, current_services
from api.submission.dry_run import EXAMPLE, DryRun, dry_run
from api.submission.idempotency import HEADER, REPLAYED, Claim, key_of
from api.submission.intake import take_job, take_json
from shared.errors.input import NotMultipart
from shared.errors.output import OutputDenied, OutputNotChecked, OutputTaken
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
from shared.jobs.job import Job
from shared.jobs.state import State
from shared.no_waiting import WouldWait, check_may_wait

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

_HEADERS = {"Location": "The address of the job.", **APPLIED, **REPLAYED}


@blueprint.post("/jobs")
@describes(
    {
        200: Answer(
            "The results: the job succeeded while the request waited. With `validate=true`, what "
            "would become of the job.",
            (*RESULTS[:-1], *json(ResultsPage | DryRun, EXAMPLE)),
            _HEADERS,
        ),
        202: Answer(
            "Accepted.",
            json(JobJson, EXAMPLE_JOB),
            {
                **_HEADERS,
                "Retry-After": "Seconds until the next poll is worthwhile; while it runs.",
            },
        ),
    },
    refused=(
        *OF_ROWS,
        *OF_PLACES,
        NotMultipart,
        UnsupportedFormat,
        BadIdempotencyKey,
        IdempotencyKeyInUse,
        IdempotencyKeyReused,
        OwnerFull,
        PerhapsAccepted,
        NoRoom,
        OutputDenied,
        OutputNotChecked,
        OutputTaken,
    ),
    parameters=(*parameters_of(JobOptions), PREFER, HEADER),
    body=(*JSON_ROWS_OR_ADDRESSES, *_FILES),
)
def submit() -> Response:
    """Submit a job; it is scored later, or while the request waits.

    With `validate=true` no job is made, and the answer says what would become of it.
    """
    at, preferences = current_services(), preferences_of(request)
    if request.args.get("validate") == "true":
        check_may_wait()
        answer = jsonify(dry_run(at, request))
        # A dry run of a body that is cut off must not say that it can be a job.
        read_rest(request)
        return answer
    started = time.perf_counter()
    job, was_replayed = _take(at)
    if not is_deferred():
        # The event loop counts what it has recorded.
        note_upload(job, time.perf_counter() - started)
    job, waited = wait_for_end(at, job, preferences)
    answer = _answer(at, job, waited)
    answer.headers["Location"] = _location(job)
    if was_replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    if is_deferred() and preferences == Preferences() and HEADER.name not in request.headers:
        head = content_of(request).with_body(b"")
        makes_again(request, partial(_accepted, at, head, request.mimetype))
    at_once = preferences.respond_async and answer.status_code == 202
    if preference := applied(waited, at_once=at_once):
        answer.headers["Preference-Applied"] = preference
    return answer


def _accepted(at: Services, head: RequestContent, media_type: str, body: bytes) -> PlainAnswer:
    """Take the job of a request that has neither preferences nor a key, and is no dry run."""
    job = take_json(at, head.with_body(body), len(body), media_type)
    if not isinstance(job, Job):
        raise WouldWait
    return plain_answer(at, job).having(Location=_location(job))


def _location(job: Job) -> str:
    return f"/jobs/{job.spec.id}"


def _take(at: Services) -> tuple[Job, bool]:
    """Return the job of the request, and whether an earlier request with its key made it."""
    key = key_of(request)
    if key is None:
        return take_job(at, request), False
    with Claim(at, key) as claim:
        earlier = claim.hold()
        if earlier:
            return claim.replay(request, earlier), True
        return take_job(at, request, claim), False


def _answer(at: Services, job: Job, waited: int | None) -> Response:
    if waited is not None and job.state is State.SUCCEEDED:
        # The job exists: a client that accepts none of the formats gets it instead of an error.
        with suppress(NotAcceptable):
            answer = results_response(at, job, json_first=request.mimetype == "application/json")
            answer.headers["Content-Location"] = f"/jobs/{job.spec.id}/results"
            return answer
    return job_answer(at, job, 202)
