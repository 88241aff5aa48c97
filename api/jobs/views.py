"""`/jobs`: follow, list, cancel, delete."""

from functools import partial

from flask import Blueprint, Response, request
from typing_extensions import TypedDict

from api.event_loop.later import PlainAnswer, looks_again
from api.jobs.etag import etag_of, only_if_changed
from api.jobs.lookup import cancel_job, find_job
from api.jobs.prefer import (
    APPLIED,
    PREFER,
    Preferences,
    applied,
    preferences_of,
    wait_for_end,
)
from api.jobs.representation import job_answer, job_json, plain_answer
from api.jobs.search import PARAMETERS, find, owner_seen, search_for
from api.jobs.shapes import EXAMPLE_JOB, JobJson
from api.schema.describe import (
    OF_A_JOB,
    Answer,
    Parameter,
    describes,
    json,
)
from api.security.access import current_identity
from api.security.keys import Key
from api.services import Services, current_services
from shared.errors.input import BadOption, UnknownOption
from shared.errors.service import JobEnded, JobNotFound
from shared.jobs.keys import folder_of, manifest_key_of

blueprint = Blueprint("jobs", __name__)


class JobsPage(TypedDict):
    """Jobs, the newest first; `next` is the cursor of the next page, null on the last page."""

    jobs: list[JobJson]
    next: str | None


_JOB = json(JobJson, EXAMPLE_JOB)
_ETAG = {"ETag": "A weak tag of the job's record."}
_RETRY_AFTER = {"Retry-After": "Seconds until the next poll is worthwhile; while it runs."}


@blueprint.get("/jobs/<job_id>")
@describes(
    {
        200: Answer("The job.", _JOB, _RETRY_AFTER | _ETAG | APPLIED),
        304: Answer("The job has not changed.", (), _ETAG | APPLIED),
    },
    refused=OF_A_JOB,
    parameters=(
        PREFER,
        Parameter(
            "If-None-Match", {"type": "string"}, "The `ETag` of an earlier answer.", "header"
        ),
    ),
)
def follow(job_id: str) -> Response:
    """Return a job, at once or, with `Prefer: wait=N`, at its end."""
    at, preferences = current_services(), preferences_of(request)
    job, waited = wait_for_end(at, find_job(at, job_id), preferences)
    answer = job_answer(at, job)
    if preference := applied(waited):
        answer.headers["Preference-Applied"] = preference
    answer = only_if_changed(answer, at, job)
    is_conditional = any(name.startswith("If-") for name, _ in request.headers)
    if preferences == Preferences() and not is_conditional:
        looks_again(request, partial(_job_of, at, current_identity()))
    return answer


def _job_of(at: Services, key: Key, job_id: str) -> PlainAnswer:
    """The answer with a job to a key, if the store has the job and the key may see it.

    Raises:
        shared.errors.service.JobNotFound: it has not, or the key may not.
        shared.errors.service.JobExpired: its retention is over.
    """
    job = at.store.get(job_id)
    if not key.sees(job.spec.owner):
        raise JobNotFound(job_id=job_id)
    return plain_answer(at, job).having(ETag=etag_of(at, job))


@blueprint.get("/jobs")
@describes(
    {200: Answer("The page.", json(JobsPage, {"jobs": [EXAMPLE_JOB], "next": None}))},
    refused=(BadOption, UnknownOption),
    parameters=PARAMETERS,
)
def list_jobs() -> JobsPage:
    """List the jobs that match the query, a page at a time, the newest first.

    An admin lists the jobs of all owners, or of one; another key only those of its own owner.
    """
    at = current_services()
    search = search_for(request.args, at.names.names_of)
    found, cursor = find(at.store, owner_seen(current_identity(), search.owner), search)
    return {"jobs": [job_json(at, job) for job in found], "next": cursor}


@blueprint.post("/jobs/<job_id>/cancel")
@describes({200: Answer("The job, cancelled.", _JOB)}, refused=(*OF_A_JOB, JobEnded))
def cancel(job_id: str) -> Response:
    """Cancel a job; the scores of parts that are being scored at this moment are discarded."""
    at = current_services()
    return job_answer(at, cancel_job(at, job_id))


@blueprint.delete("/jobs/<job_id>")
@describes({204: Answer("The job is deleted.")}, refused=OF_A_JOB)
def delete(job_id: str) -> tuple[str, int]:
    """Delete a job with all its rows and results, whatever its state."""
    at = current_services()
    job = find_job(at, job_id)
    # In this order: without its manifest the job is not restored, and without its record no worker
    # writes another blob for it.
    at.blobs.delete(job.spec.manifest_key)
    at.store.delete(job_id)
    at.blobs.delete(job.spec.folder)
    if job.spec.shadow:
        # It has the same rows.
        at.blobs.delete(manifest_key_of(job.spec.shadow.id))
        at.store.delete(job.spec.shadow.id)
        at.blobs.delete(folder_of(job.spec.shadow.id))
    return "", 204
