"""The doorways: each task calls the step of the same name, and nothing more."""

from shared.dispatch import Task
from worker.app import app
from worker.preload import pipeline


@app.task(name=Task.SPLIT)
def split(job_id: str) -> None:
    """Cut an upload into parts, and start its lanes."""
    pipeline().split(job_id)


@app.task(name=Task.SCORE)
def score(job_id: str, part: int) -> None:
    """Score one part."""
    pipeline().score(job_id, part)


@app.task(name=Task.FINISH)
def finish(job_id: str) -> None:
    """Close a job whose parts are all done."""
    pipeline().finish(job_id)


@app.task(name=Task.ANSWER)
def answer(full_name: str) -> None:
    """Score the small jobs that wait for a model."""
    pipeline().answer(full_name)
