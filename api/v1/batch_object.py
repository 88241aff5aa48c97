"""The JSON of a batch."""

from typing import Any

from api.v1.shapes import BatchObject
from shared.jobs.job import Job
from shared.jobs.state import State
from shared.storage.batches import ENDPOINT, WINDOW_SECONDS, Batch, BatchProblem

WINDOW = "24h"

EXAMPLE_BATCH: BatchObject = {
    "id": "batch_01a204966fa35422ff536f2ca2bb56e4",
    "object": "batch",
    "endpoint": ENDPOINT,
    "model": "fast",
    "errors": None,
    "input_file_id": "file-01a204966fa35422ff536f2ca2bb56e4",
    "completion_window": WINDOW,
    "status": "completed",
    "output_file_id": "file-01a204966fa35422ff536f2ca2bb56e4-output",
    "error_file_id": None,
    "created_at": 1_767_268_800,
    "in_progress_at": 1_767_268_800,
    "expires_at": 1_767_355_200,
    "finalizing_at": 1_767_268_801,
    "completed_at": 1_767_268_801,
    "failed_at": None,
    "expired_at": None,
    "cancelling_at": None,
    "cancelled_at": None,
    "request_counts": {"total": 1, "completed": 1, "failed": 0},
    "metadata": {"run": "nightly"},
}


def batch_json(batch: Batch, job: Job | None, *, is_settled: bool = True) -> BatchObject:
    """The JSON of a batch.

    Args:
        batch: the record of the batch.
        job: the record of its job; None if the batch never had one.
        is_settled: whether everything is done that follows the cancelling of a job; until then a
            cancelled batch is `cancelling`.
    """
    status = _status(batch, job, is_settled=is_settled)
    total = (job.total or job.cut_rows) if job else 0
    ended = int(job.finished_at or 0) or None if job else int(batch.created_at)
    completed, failed = (job.completed, job.failed) if job else (0, 0)
    done = status in ("completed", "cancelled", "expired")
    return {
        "id": f"batch_{batch.name}",
        "object": "batch",
        "endpoint": batch.endpoint,
        "model": batch.model,
        "errors": _errors(batch, job),
        "input_file_id": batch.input_file_id,
        "completion_window": WINDOW,
        "status": status,
        "output_file_id": _file_id(batch, "output") if done and completed else None,
        "error_file_id": _file_id(batch, "errors") if done and failed else None,
        "created_at": int(batch.created_at),
        "in_progress_at": _in_progress_at(job, status),
        "expires_at": int(batch.created_at) + WINDOW_SECONDS,
        "finalizing_at": ended if status == "completed" else None,
        "completed_at": ended if status == "completed" else None,
        "failed_at": ended if status == "failed" else None,
        "expired_at": ended if status == "expired" else None,
        "cancelling_at": ended if status in ("cancelling", "cancelled") else None,
        "cancelled_at": ended if status == "cancelled" else None,
        "request_counts": {"total": total, "completed": completed, "failed": failed},
        "metadata": batch.metadata,
    }


def _status(batch: Batch, job: Job | None, *, is_settled: bool) -> Any:
    if job is None:
        return "failed"
    if job.state is State.RUNNING and not job.parts:
        return "validating"
    if job.state is State.RUNNING and job.total == job.rows_done:
        return "finalizing"
    if job.state is State.FAILED and batch.expired:
        return "expired"
    if job.state is State.CANCELLED and not is_settled:
        return "cancelling"
    return {
        State.QUEUED: "validating",
        State.RUNNING: "in_progress",
        State.SUCCEEDED: "completed",
        State.CANCELLED: "cancelled",
    }.get(job.state, "failed")


def _errors(batch: Batch, job: Job | None) -> Any:
    problems = list(batch.problems)
    if job and job.error and not problems and not batch.expired:
        problems.append(BatchProblem(code="job_failed", line=None, message=job.error))
    if not problems:
        return None
    return {"object": "list", "data": [problem.model_dump() for problem in problems]}


def _in_progress_at(job: Job | None, status: str) -> int | None:
    if job is None or job.started_at is None or status == "validating":
        return None
    return int(job.started_at) if job.parts else None


def _file_id(batch: Batch, which: str) -> str | None:
    return None if which in batch.deleted else f"file-{batch.name}-{which}"
