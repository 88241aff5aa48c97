"""`/jobs`: submit, follow, list, cancel, delete."""

from flask import Blueprint, Response, request
from typing_extensions import TypedDict

from api.access import who
from api.describing import (
    OF_A_JOB,
    OF_ROWS,
    Answer,
    Content,
    Parameter,
    describes,
    json,
    number,
)
from api.intake import take_job
from api.options import JobOptions, parameters_of, whole_number
from api.representation import EXAMPLE_ID, EXAMPLE_JOB, JobJson, job_answer, job_json
from api.rows import JSON_ROWS
from api.services import Services, services
from shared.errors import (
    BadOption,
    JobEnded,
    JobExpired,
    JobLost,
    JobNotFound,
    JobNotRestored,
    MalformedJobId,
    NoRoom,
    NotMultipart,
    OwnerFull,
    UnsupportedFormat,
)
from shared.job import Job, State, is_job_id, made_at
from shared.manifest import has_manifest, settle

blueprint = Blueprint("jobs", __name__)

#: Jobs on one page of the list.
MAX_PAGE = 1000


class JobsPage(TypedDict):
    """Jobs, the newest first; `next` is the cursor of the page behind it, null on the last."""

    jobs: list[JobJson]
    next: str | None


_JOB = json(JobJson, EXAMPLE_JOB)
_RETRY_AFTER = {"Retry-After": "Seconds until it is worth asking again; while it runs."}
_FILES = (
    Content("text/csv", {"type": "string"}, "ref,text\n1,I am well\n"),
    Content("text/tab-separated-values", {"type": "string"}, "ref\ttext\n1\tI am well\n"),
    Content(
        "multipart/form-data",
        {
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary"}},
            "required": ["file"],
        },
    ),
)


def find_job(at: Services, job_id: str) -> Job:
    """The job with that id.

    Raises:
        shared.errors.MalformedJobId: it can be no job's id.
        shared.errors.JobNotFound: there is none.
        shared.errors.JobExpired: there was one.
        shared.errors.JobNotRestored: there is one, and the job store has lost it.
        shared.errors.JobLost: there may have been one that the job store has lost.
    """
    if not is_job_id(job_id):
        raise MalformedJobId(job_id=job_id[:80])
    try:
        job = at.store.get(job_id)
        if who().sees(job.spec.owner):
            return job
    except JobExpired as error:
        if who().sees(error.fields["owner"]):
            raise
    except JobNotFound:
        if has_manifest(at.blobs, job_id):
            raise JobNotRestored(job_id=job_id) from None
        if made_at(job_id) < at.store.since():
            raise JobLost(job_id=job_id) from None
    # Also where it is somebody else's: they shall not know that it is there.
    raise JobNotFound(job_id=job_id)


@blueprint.post("/jobs")
@describes(
    {202: Answer("Accepted.", _JOB, {"Location": "Where the job is.", **_RETRY_AFTER})},
    refused=(*OF_ROWS, NotMultipart, UnsupportedFormat, OwnerFull, NoRoom),
    parameters=parameters_of(JobOptions),
    body=(*JSON_ROWS, *_FILES),
)
def submit() -> Response:
    """Take a job in; it is scored later."""
    at = services()
    job = take_job(at, request)
    answer = job_answer(at, job, 202)
    answer.headers["Location"] = f"/jobs/{job.spec.id}"
    return answer


@blueprint.get("/jobs/<job_id>")
@describes({200: Answer("The job.", _JOB, _RETRY_AFTER)}, refused=OF_A_JOB)
def follow(job_id: str) -> Response:
    """How a job stands."""
    at = services()
    return job_answer(at, find_job(at, job_id))


@blueprint.get("/jobs")
@describes(
    {200: Answer("The page.", json(JobsPage, {"jobs": [EXAMPLE_JOB], "next": None}))},
    refused=(BadOption,),
    parameters=(
        Parameter("limit", number(0, MAX_PAGE), "At most so many jobs."),
        Parameter("cursor", {"type": "string"}, "The last page's `next`.", example=EXAMPLE_ID),
    ),
)
def list_jobs() -> JobsPage:
    """A page of jobs, the newest first."""
    at = services()
    limit = max(whole_number(request.args, "limit", 20, MAX_PAGE), 1)
    cursor = request.args.get("cursor")
    if cursor is not None and not is_job_id(cursor):
        raise BadOption(
            option="cursor", value=cursor[:80], reason="take it from the last page's 'next'"
        )
    # One more than asked for tells whether there is a next page.
    owner = None if who().is_admin else who().owner
    jobs = at.store.list_jobs(limit + 1, before=cursor, owner=owner)
    page, more = jobs[:limit], jobs[limit:]
    return {
        "jobs": [job_json(at, job) for job in page],
        "next": page[-1].spec.id if more else None,
    }


@blueprint.post("/jobs/<job_id>/cancel")
@describes({200: Answer("The job, cancelled.", _JOB)}, refused=(*OF_A_JOB, JobEnded))
def cancel(job_id: str) -> Response:
    """Stop a job; parts that are being scored at this moment come to nothing."""
    at = services()
    find_job(at, job_id)
    moved = at.store.move(job_id, State.CANCELLED)
    job = at.store.get(job_id)
    if not moved:
        raise JobEnded(job_id=job_id, state=job.state)
    if job.spec.kind == "bulk":
        settle(at.store, at.blobs, job_id)
    return job_answer(at, job)


@blueprint.delete("/jobs/<job_id>")
@describes({204: Answer("It is erased.")}, refused=OF_A_JOB)
def delete(job_id: str) -> tuple[str, int]:
    """Erase a job with all its rows and results, whatever its state."""
    at = services()
    job = find_job(at, job_id)
    # Without a manifest nobody restores it, and without a record nobody writes for it any more.
    at.blobs.delete(job.spec.manifest_key)
    at.store.delete(job_id)
    at.blobs.delete(job.spec.folder)
    return "", 204
