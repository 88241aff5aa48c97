"""`POST /jobs/<id>/retry`: repeat a failed or cancelled job, but not its finished parts."""

from contextlib import suppress
from dataclasses import asdict, replace

from flask import Blueprint, Response, request

from api.jobs.lookup import find_job
from api.jobs.representation import job_answer
from api.jobs.shapes import EXAMPLE_JOB, JobJson
from api.requests.options import JobOptions, job_options, parameters_of
from api.schema.describe import OF_A_JOB, OF_A_MODEL, Answer, Parameter, describes, json
from api.security.access import current_identity
from api.services import Services, current_services
from api.submission.admission import admit
from api.submission.found_sources import check_allowed
from api.submission.idempotency import HEADER, REPLAYED, Claim, key_of
from api.submission.recording import new_folder, start_bulk, start_small, traceparent
from api.submission.retried_version import name_for, version_for
from api.submission.room import check_room
from shared.errors.input import BadOption, PlaceNotAllowed, UnknownModel, UnknownOption
from shared.errors.output import OutputDenied, OutputNotChecked, OutputTaken
from shared.errors.service import (
    BadIdempotencyKey,
    BudgetSpent,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    NoModelYet,
    NoRoom,
    NothingToRetry,
    NotRetryable,
    OwnerFull,
    PerhapsAccepted,
    ServiceFull,
    VersionGone,
)
from shared.jobs.binding import Binding
from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.spec import Spec
from shared.jobs.state import RETRYABLE
from shared.places.address import Place, place_of

blueprint = Blueprint("retrying", __name__)

#: The terms that a retry takes, and the field of a `Spec` that each becomes.
_TERMS = {
    "on_error": "tolerance",
    "priority": "priority",
    "retention_seconds": "retention",
    "label": "labels",
}

_MODEL = Parameter(
    "model",
    {"type": "string"},
    "Another version of the job's model, as `mine@3f2a` or `mine@champion`: it scores all rows "
    "again, also those that are done.",
)
_OPTIONS = (*_TERMS, _MODEL.name)

#: How many numbers in a row may have no result before the search for results ends. The results of
#: an earlier retry may have gaps.
_MOST_MISSING = 100


def _parameters() -> tuple[Parameter, ...]:
    terms = (one for one in parameters_of(JobOptions) if one.name in _TERMS)
    return (*terms, _MODEL)


@blueprint.post("/jobs/<job_id>/retry")
@describes(
    {
        202: Answer(
            "The new job.",
            json(JobJson, EXAMPLE_JOB),
            {
                "Location": "The address of the new job.",
                "Retry-After": "Seconds until the next poll is worthwhile.",
                **REPLAYED,
            },
        )
    },
    refused=(
        *OF_A_JOB,
        NotRetryable,
        VersionGone,
        NothingToRetry,
        PlaceNotAllowed,
        UnknownOption,
        BadOption,
        UnknownModel,
        *OF_A_MODEL,
        NoModelYet,
        ServiceFull,
        OwnerFull,
        BudgetSpent,
        NoRoom,
        OutputDenied,
        OutputNotChecked,
        OutputTaken,
        BadIdempotencyKey,
        IdempotencyKeyInUse,
        IdempotencyKeyReused,
        PerhapsAccepted,
    ),
    parameters=(*_parameters(), HEADER),
)
def retry(job_id: str) -> Response:
    """Repeat a failed or cancelled job as a new job, without scoring finished parts again.

    The new job has the rows, the options and the terms of the old one, except for those given here.
    With `model`, another version of its model scores all rows again.
    """
    at, key = current_services(), key_of(request)
    options = _options()
    if key is None:
        return _answer(at, _retry(at, job_id, options, None))
    with Claim(at, key) as claim:
        # Only the given options: the others are those of the old job, whatever they are.
        given = {name: asdict(options)[name] for name in _OPTIONS if name in request.args}
        own = claim.bind(["retry", job_id, given])
        if earlier := claim.hold():
            answer = _answer(at, claim.job_of(earlier, own))
            answer.headers["Idempotency-Replayed"] = "true"
            return answer
        return _answer(at, _retry(at, job_id, options, own))


def _options() -> JobOptions:
    for name in request.args:
        if name not in _OPTIONS:
            raise UnknownOption(option=name[:80], options=", ".join(_OPTIONS))
    return job_options(request.args)


def _answer(at: Services, job: Job) -> Response:
    answer = job_answer(at, job, 202)
    answer.headers["Location"] = f"/jobs/{job.spec.id}"
    return answer


def _retry(at: Services, job_id: str, options: JobOptions, binding: Binding | None) -> Job:
    job = find_job(at, job_id)
    if job.state not in RETRYABLE:
        raise NotRetryable(job_id=job_id, state=job.state)
    wanted = options.model
    admitted = admit(at, replace(options, model=name_for(at, job.spec, wanted)))
    given = {field: admitted.terms[field] for name, field in _TERMS.items() if name in request.args}
    # The binding and the traceparent belong to this request, not to the one of the old job.
    spec = job.spec.model_copy(
        update={
            "binding": binding,
            "traceparent": traceparent(),
            "key": current_identity().id,
            "retry_of": job_id,
            "shadow": None,
            **version_for(at, job, admitted.served, wanted=wanted is not None),
            **given,
        }
    )
    return _retry_bulk(at, job, spec) if spec.kind == "bulk" else _retry_small(at, job, spec)


def _retry_small(at: Services, job: Job, spec: Spec) -> Job:
    rows = at.store.small_rows(job.spec.id)
    if not rows:
        raise NothingToRetry(job_id=job.spec.id)
    spec = spec.model_copy(update={"id": new_job_id(at.store.now())})
    return start_small(at, spec, rows, job.total or 0)


def _retry_bulk(at: Services, job: Job, spec: Spec) -> Job:
    if spec.sources:
        check_allowed(at, tuple(map(place_of, spec.sources.addresses)), _output(spec))
    # Another version scores all rows again.
    done = job.rows_done if spec.version == job.spec.version else 0
    check_room(at, (job.total or spec.about_rows) - done)
    rows = (job.total or spec.most_rows or spec.about_rows) - done
    with new_folder(at) as new_id:
        spec = spec.model_copy(update={"id": new_id})
        try:
            _link_upload(at, job.spec, spec.upload_key)
            if spec.version == job.spec.version:
                at.blobs.link(_results(at, job, spec))
        except FileNotFoundError:
            # The old job was deleted, or expired, a moment ago.
            raise NothingToRetry(job_id=job.spec.id) from None
        return start_bulk(at, spec, max(rows, 0))


def _output(spec: Spec) -> Place | None:
    return place_of(spec.output) if spec.output else None


def _link_upload(at: Services, old: Spec, key: str) -> None:
    # Settling the old job moves its upload to `kept_key`, perhaps between the first two attempts.
    for source in (old.kept_key, old.upload_key):
        with suppress(FileNotFoundError):
            at.blobs.link({source: key})
            return
    at.blobs.link({old.kept_key: key})


def _results(at: Services, job: Job, spec: Spec) -> dict[str, str]:
    """Map the key of each result of the old job to its key in the new job.

    The new job cuts its upload as the old one did, and counts the results that it finds. So it does
    not matter whether the old job had counted them.
    """
    keys: dict[str, str] = {}
    number, end = 0, job.parts
    # Only a retry can have results for parts that it has not cut yet: those that it took over.
    while number < end + (_MOST_MISSING if job.spec.retry_of else 0):
        key = job.spec.result_key(number)
        if at.blobs.exists(key):
            keys[key] = spec.result_key(number)
            end = max(end, number + 1)
        number += 1
    return keys
