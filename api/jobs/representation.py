"""A job as JSON, as clients see it."""

import math
from typing import Annotated, Literal

from flask import Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from api.requests.terms import on_error_of
from api.schema.column_types import EXAMPLE_OUTPUTS, OutputJson, outputs_json
from api.services import Services
from shared.jobs.job import Job
from shared.jobs.spec import Keep, Priority
from shared.jobs.state import ENDED, CallbackState, State
from shared.places.output_folder import MANIFEST
from shared.telemetry.timestamps import rfc3339

#: The longest `Retry-After`, in seconds.
MAX_RETRY_AFTER = 30

JobId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0)]


class Links(TypedDict):
    """The addresses of what belongs to a job."""

    self: str
    events: str
    results: str
    errors: str
    summary: str
    receipt: str
    cancel: str
    retry: str


class ModelName(TypedDict):
    """A model, and the version of it that the job is scored with."""

    name: str
    version: str


class SecondModelJson(ModelName):
    """The second of two models that score the rows of a job."""

    suffix: Annotated[str, Field(description="What the names of its columns end with.")]
    label_column: Annotated[str | None, Field(description="Null: there are no labels.")]


class Counts(TypedDict):
    """Rows: `completed` are scored, `failed` have an error. `total` is null until it is known."""

    total: Count | None
    completed: Count
    failed: Count


class CallbackJson(TypedDict):
    """The callback of a job; it is tried again while it is `pending`."""

    state: CallbackState
    attempts: Count
    last_error: str | None


class InputJson(TypedDict):
    """The files that a job reads where they are."""

    addresses: Annotated[list[str], Field(description="As the request has them.")]
    files: Annotated[int, Field(ge=1)]
    bytes: Count


class OutputFolderJson(TypedDict):
    """The folder that gets the results of a job before it succeeds."""

    address: str
    manifest: Annotated[str, Field(description="The address of what is written there last.")]


class JobJson(TypedDict):
    """A job in its current state."""

    id: JobId
    state: State
    detail: Annotated[str, Field(description="A sentence for people.")]
    owner: Annotated[str | None, Field(description="The owner of the key that it was sent with.")]
    model: ModelName
    second_model: Annotated[
        SecondModelJson | None, Field(description="The model that is compared with `model`.")
    ]
    outputs: Annotated[
        list[OutputJson], Field(description="The outputs of the model in the results.")
    ]
    input: Annotated[InputJson | None, Field(description="Null if its rows were sent.")]
    output: Annotated[
        OutputFolderJson | None, Field(description="Null if it stays with the service alone.")
    ]
    rows: Counts
    progress: Annotated[float, Field(ge=0, le=1)]
    rows_per_second: Rate | None
    eta_seconds: Rate | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    expires_at: Annotated[
        Moment | None, Field(description="When it is deleted; null until it has ended.")
    ]
    error: Annotated[str | None, Field(description="Why it failed.")]
    on_error: Annotated[
        Literal["skip", "fail"] | float,
        Field(description="A share: more rows with an error than this fail the job."),
    ]
    priority: Annotated[
        Priority, Field(description="Its share of the workers among the jobs of its owner.")
    ]
    options: Annotated[
        dict[str, str] | None,
        Field(
            description="The other options, as `POST /jobs` takes them, without `callback_url`. "
            "Null if they are not known, or too long for an address."
        ),
    ]
    keep: Annotated[Keep, Field(description="`none`: its rows are deleted after a download.")]
    rows_deleted_at: Annotated[
        Moment | None, Field(description="When its rows and results were deleted, as `keep` says.")
    ]
    callback: Annotated[CallbackJson | None, Field(description="Null without a `callback_url`.")]
    labels: dict[str, str]
    retry_of: Annotated[JobId | None, Field(description="The job that it repeats.")]
    links: Links


EXAMPLE_ID = "01a204966fa35422ff536f2ca2bb56e4"

EXAMPLE_JOB: JobJson = {
    "id": EXAMPLE_ID,
    "state": State.RUNNING,
    "detail": "126,000 rows are done.",
    "owner": None,
    "model": {"name": "fast", "version": "e5cff74e16d3"},
    "second_model": None,
    "outputs": EXAMPLE_OUTPUTS,
    "input": None,
    "output": None,
    "rows": {"total": 1_000_000, "completed": 125_990, "failed": 10},
    "progress": 0.126,
    "rows_per_second": 41873.2,
    "eta_seconds": 20.9,
    "created_at": "2026-01-01T12:00:00.000Z",
    "started_at": "2026-01-01T12:00:00.012Z",
    "finished_at": None,
    "expires_at": None,
    "error": None,
    "on_error": "skip",
    "priority": "normal",
    "options": {"text_column": "review", "retention_seconds": "86400"},
    "keep": "all",
    "rows_deleted_at": None,
    "callback": {"state": CallbackState.WAITING, "attempts": 0, "last_error": None},
    "labels": {"team": "growth"},
    "retry_of": None,
    "links": {
        "self": f"/jobs/{EXAMPLE_ID}",
        "events": f"/jobs/{EXAMPLE_ID}/events",
        "results": f"/jobs/{EXAMPLE_ID}/results",
        "errors": f"/jobs/{EXAMPLE_ID}/errors",
        "summary": f"/jobs/{EXAMPLE_ID}/summary",
        "receipt": f"/jobs/{EXAMPLE_ID}/receipt",
        "cancel": f"/jobs/{EXAMPLE_ID}/cancel",
        "retry": f"/jobs/{EXAMPLE_ID}/retry",
    },
}


def job_json(services: Services, job: Job) -> JobJson:
    """Return a job as JSON."""
    now, path = services.store.now(), f"/jobs/{job.spec.id}"
    rate, eta = job.rows_per_second(now), job.eta_seconds(now)
    retention = job.spec.retention or services.settings.retention_seconds
    return {
        "id": job.spec.id,
        "state": job.state,
        "detail": _detail(services, job),
        "owner": job.spec.owner or None,
        "model": {"name": job.spec.model, "version": job.spec.version},
        "second_model": _second_model(job),
        "outputs": outputs_json(job.spec.result_columns.outputs),
        "input": _input(job),
        "output": _output(job),
        "rows": {"total": job.total, "completed": job.completed, "failed": job.failed},
        "progress": round(job.progress, 4),
        "rows_per_second": rate and round(rate, 1),
        "eta_seconds": eta and round(eta, 1),
        "created_at": rfc3339(job.created_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "expires_at": _moment(None if job.finished_at is None else job.finished_at + retention),
        "error": job.error,
        "on_error": on_error_of(job.spec.tolerance),
        "priority": job.spec.priority,
        "options": _options(job),
        "keep": job.spec.keep,
        "rows_deleted_at": _moment(job.cleared_at),
        "callback": _callback(job),
        "labels": job.spec.labels,
        "retry_of": job.spec.retry_of,
        "links": {
            "self": path,
            "events": f"{path}/events",
            "results": f"{path}/results",
            "errors": f"{path}/errors",
            "summary": f"{path}/summary",
            "receipt": f"{path}/receipt",
            "cancel": f"{path}/cancel",
            "retry": f"{path}/retry",
        },
    }


def job_answer(services: Services, job: Job, status: int = 200) -> Response:
    """Return the answer that holds a job; until the job has ended, with a `Retry-After`."""
    answer = jsonify(job_json(services, job))
    answer.status_code = status
    if job.state not in ENDED:
        answer.headers["Retry-After"] = str(retry_after(services, job))
    return answer


def retry_after(services: Services, job: Job) -> int:
    """Return the seconds until the next poll is worthwhile: a tenth of the remaining time."""
    eta = job.eta_seconds(services.store.now()) or 0.0
    return min(max(math.ceil(eta / 10), 1), MAX_RETRY_AFTER)


def why_unserved(services: Services, job: Job) -> str:
    """Why a job waits whose model version no live process serves; empty if one does."""
    full_name = job.spec.full_name
    if job.state in ENDED or services.fleet.processes(full_name):
        return ""
    reason = f"No worker serves {full_name} at present; it waits until one does."
    other = services.names.current().get(job.spec.model)
    if other and services.fleet.processes(other.card.full_name):
        limit = f"{services.settings.replaced_seconds:g}"
        reason += f" {other.card.full_name} is served in its place: after {limit} s the job fails."
    return reason


def _detail(services: Services, job: Job) -> str:
    waiting = "It waits for a worker to take it up."
    if unserved := why_unserved(services, job):
        waiting = unserved
    elif job.state is State.RUNNING:
        waiting = f"{job.rows_done:,} rows are done."
        if job.held_up:
            waiting += f" It is held up: {job.held_up}."
    done = f"Done: {job.completed:,} rows have a score, {job.failed:,} an error."
    if job.cleared_at:
        done += " Its rows and results are deleted, as it keeps none; its receipt stays."
    if job.lost:
        done += f" The results of {job.lost:,} rows were damaged on the disk; /errors names them."
    return {
        State.SUCCEEDED: done,
        State.FAILED: f"It could not be carried out: {job.error}",
        State.CANCELLED: "It was cancelled before it ended.",
    }.get(job.state, waiting)


def _options(job: Job) -> dict[str, str] | None:
    """The options of the request; a retry may have changed the retention."""
    if job.spec.options is None or job.spec.retention is None:
        return job.spec.options
    return job.spec.options | {"retention_seconds": f"{job.spec.retention:.0f}"}


def _second_model(job: Job) -> SecondModelJson | None:
    if not (second := job.spec.second):
        return None
    return {
        "name": second.name,
        "version": second.version,
        "suffix": second.suffix,
        "label_column": second.label_column or None,
    }


def _input(job: Job) -> InputJson | None:
    if not (sources := job.spec.sources):
        return None
    return {
        "addresses": list(sources.addresses),
        "files": sources.files,
        "bytes": job.spec.size,
    }


def _output(job: Job) -> OutputFolderJson | None:
    if not (address := job.spec.output):
        return None
    return {"address": address, "manifest": f"{address}{MANIFEST}"}


def _callback(job: Job) -> CallbackJson | None:
    if not job.spec.callback_url:
        return None
    return {
        "state": job.callback_state or CallbackState.WAITING,
        "attempts": job.callback_attempts or 0,
        "last_error": job.callback_error,
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(seconds)
