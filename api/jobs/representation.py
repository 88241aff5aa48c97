"""A job as JSON, as clients see it."""

import math

import orjson
from flask import Response

from api.event_loop.later import PlainAnswer
from api.jobs.shapes import CallbackJson, InputJson, JobJson, OutputFolderJson, SecondModelJson
from api.requests.terms import on_error_of
from api.schema.column_types import outputs_json
from api.services import Services
from shared.jobs.job import Job
from shared.jobs.state import ENDED, CallbackState, State
from shared.places.output_folder import MANIFEST
from shared.telemetry.timestamps import rfc3339

#: The longest `Retry-After`, in seconds.
MAX_RETRY_AFTER = 30


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
    plain = plain_answer(services, job)
    return Response(plain.body, status, plain.headers, mimetype="application/json")


def plain_answer(services: Services, job: Job) -> PlainAnswer:
    """Return what `job_answer` makes a response of; the event loop needs no such object."""
    # Clients poll, and this takes half the time of Flask's own JSON.
    body = orjson.dumps(job_json(services, job)) + b"\n"
    later = {} if job.state in ENDED else {"Retry-After": str(retry_after(services, job))}
    return PlainAnswer(body, later)


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
