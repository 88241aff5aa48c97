"""`POST /jobs/<id>/retry`: do a job that failed or was cancelled again, from what is done of it."""

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request

from api.jobs.representation import EXAMPLE_JOB, JobJson, job_answer
from api.jobs.views import find_job
from api.requests.options import JobOptions, job_options, parameters_of
from api.requests.terms import terms_of
from api.schema.describe import OF_A_JOB, Answer, Parameter, describes, json
from api.security.access import check_room
from api.services import Services, current_services
from api.submission.idempotency import HEADER, REPLAYED, Claim, key_of
from api.submission.recording import begin_bulk, begin_small, new_folder
from shared.errors.input import BadOption, UnknownModel, UnknownOption
from shared.errors.service import (
    BadIdempotencyKey,
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
from shared.jobs.job import RETRYABLE, Binding, Job, Spec, new_job_id
from shared.telemetry import context

blueprint = Blueprint("retrying", __name__)

#: The options that a retry may have, and the fields of a `Spec` that they become.
_OPTIONS = {"on_error": "tolerance", "retention_seconds": "retention", "label": "labels"}

#: Behind the parts that a job has cut, results of an earlier retry are looked for so far in vain.
_HOLE = 100


def _parameters() -> tuple[Parameter, ...]:
    return tuple(one for one in parameters_of(JobOptions) if one.name in _OPTIONS)


@blueprint.post("/jobs/<job_id>/retry")
@describes(
    {
        202: Answer(
            "The new job.",
            json(JobJson, EXAMPLE_JOB),
            {
                "Location": "Where the new job is.",
                "Retry-After": "Seconds until it is worth asking.",
                **REPLAYED,
            },
        )
    },
    refused=(
        *OF_A_JOB,
        NotRetryable,
        VersionGone,
        NothingToRetry,
        UnknownOption,
        BadOption,
        UnknownModel,
        NoModelYet,
        ServiceFull,
        OwnerFull,
        NoRoom,
        BadIdempotencyKey,
        IdempotencyKeyInUse,
        IdempotencyKeyReused,
        PerhapsAccepted,
    ),
    parameters=(*_parameters(), HEADER),
)
def retry(job_id: str) -> Response:
    """Do a job that failed or was cancelled again, as a new job; what is done of it stays done.

    It has the rows, the options and the terms of the old one, unless others are given here.
    """
    at, key = current_services(), key_of(request)
    if key is None:
        return _answer(at, _again(at, job_id, None))
    _check_options()
    with Claim(at, key) as claim:
        # Those that are given: what is not is as the old job has it, whatever that is.
        options = asdict(job_options(request.args))
        given = {name: options[name] for name in _OPTIONS if name in request.args}
        own = claim.bound(["retry", job_id, given])
        if made := claim.take():
            answer = _answer(at, claim.same(made, own))
            answer.headers["Idempotency-Replayed"] = "true"
            return answer
        return _answer(at, _again(at, job_id, own))


def _answer(at: Services, again: Job) -> Response:
    answer = job_answer(at, again, 202)
    answer.headers["Location"] = f"/jobs/{again.spec.id}"
    return answer


def _again(at: Services, job_id: str, binding: Binding | None) -> Job:
    job = find_job(at, job_id)
    if job.state not in RETRYABLE:
        raise NotRetryable(job_id=job_id, state=job.state)
    # What the old one has of the request that made it.
    own = {"binding": binding, "traceparent": str(context.fields().get("traceparent", ""))}
    spec = job.spec.model_copy(
        update={**own, **_terms(at), "retry_of": job_id, "version": _version(at, job)}
    )
    return _bulk(at, job, spec) if spec.kind == "bulk" else _small(at, job, spec)


def _check_options() -> None:
    for name in request.args:
        if name not in _OPTIONS:
            raise UnknownOption(option=name[:80], options=", ".join(_OPTIONS))


def _terms(at: Services) -> dict[str, Any]:
    """Those that are given anew."""
    _check_options()
    terms = terms_of(job_options(request.args), at.settings)
    return {field: terms[field] for name, field in _OPTIONS.items() if name in request.args}


def _version(at: Services, job: Job) -> str:
    """The version of the model that the job has, while it is served; else the present one."""
    present = at.model(job.spec.model).card.version
    served = present == job.spec.version or at.fleet.processes(job.spec.full_name)
    # A small job is scored as a whole, or not.
    if not served and job.spec.kind == "bulk" and job.parts_done:
        full_name, rows = job.spec.full_name, f"{job.rows_done:,}"
        raise VersionGone(job_id=job.spec.id, full_name=full_name, rows=rows)
    return job.spec.version if served else present


def _small(at: Services, job: Job, spec: Spec) -> Job:
    rows = at.store.small_rows(job.spec.id)
    if not rows:
        raise NothingToRetry(job_id=job.spec.id)
    spec = spec.model_copy(update={"id": new_job_id(at.store.now())})
    return begin_small(at, spec, rows, job.total or 0)


def _bulk(at: Services, job: Job, spec: Spec) -> Job:
    check_room(at, (job.total or spec.about_rows) - job.rows_done)
    with new_folder(at) as new_id:
        spec = spec.model_copy(update={"id": new_id})
        try:
            _link_upload(at, job.spec, spec.upload_key)
            if spec.version == job.spec.version:
                at.blobs.link(_results(at, job, spec))
        except FileNotFoundError:
            # Deleted, or expired, a moment ago.
            raise NothingToRetry(job_id=job.spec.id) from None
        return begin_bulk(at, spec)


def _link_upload(at: Services, old: Spec, key: str) -> None:
    # It is put aside when the job is settled, which may be at this moment.
    for place in (old.kept_key, old.upload_key):
        with suppress(FileNotFoundError):
            at.blobs.link({place: key})
            return
    at.blobs.link({old.kept_key: key})


def _results(at: Services, job: Job, spec: Spec) -> dict[str, str]:
    """The results of parts that are there, and their keys in the new job.

    It cuts its upload as the old one did, and counts what it finds; so it does not matter which of
    them were counted.
    """
    found: dict[str, str] = {}
    number, last = 0, job.parts
    # Only what is a retry itself may have more of them than it has cut parts.
    while number < last + (_HOLE if job.spec.retry_of else 0):
        key = job.spec.result_key(number)
        if at.blobs.exists(key):
            found[key] = spec.result_key(number)
            last = max(last, number + 1)
        number += 1
    return found
