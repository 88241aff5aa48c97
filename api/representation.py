"""A job as clients see it."""

import math
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify

from api.services import Services
from shared.job import ENDED, Job, State

#: The most seconds that a client is told to wait before it asks again.
MAX_RETRY_AFTER = 30


def job_json(services: Services, job: Job) -> dict[str, Any]:
    """The representation of a job."""
    now, path = services.store.now(), f"/jobs/{job.spec.id}"
    rate, eta = job.rows_per_second(now), job.eta_seconds(now)
    return {
        "id": job.spec.id,
        "state": job.state,
        "detail": _detail(services, job),
        "owner": job.spec.owner or None,
        "model": {"name": job.spec.model, "version": job.spec.version},
        "rows": {"total": job.total, "completed": job.completed, "failed": job.failed},
        "progress": round(job.progress, 4),
        "rows_per_second": rate and round(rate, 1),
        "eta_seconds": eta and round(eta, 1),
        "created_at": _rfc3339(job.created_at),
        "started_at": _rfc3339(job.started_at),
        "finished_at": _rfc3339(job.finished_at),
        "error": job.error,
        "links": {"self": path, "results": f"{path}/results", "cancel": f"{path}/cancel"},
    }


def job_answer(services: Services, job: Job, status: int = 200) -> Response:
    """The answer that carries a job; while it runs, with the time to ask again."""
    answer = jsonify(job_json(services, job))
    answer.status_code = status
    if job.state not in ENDED:
        answer.headers["Retry-After"] = str(retry_after(services, job))
    return answer


def retry_after(services: Services, job: Job) -> int:
    """Whole seconds until it is worth asking again: a tenth of what is left."""
    eta = job.eta_seconds(services.store.now()) or 0.0
    return min(max(math.ceil(eta / 10), 1), MAX_RETRY_AFTER)


def _detail(services: Services, job: Job) -> str:
    waiting = "It waits for a worker to take it up."
    if job.state not in ENDED and not services.fleet.processes(job.spec.full_name):
        waiting = f"No worker serves {job.spec.full_name} at present; it waits until one does."
    elif job.state is State.RUNNING:
        waiting = f"{job.rows_done:,} rows are done."
        if job.held_up:
            waiting += f" It is held up: {job.held_up}."
    return {
        State.SUCCEEDED: f"Done: {job.completed:,} rows have a score, {job.failed:,} an error.",
        State.FAILED: f"It could not be carried out: {job.error}",
        State.CANCELLED: "It was cancelled before it ended.",
    }.get(job.state, waiting)


def _rfc3339(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
