"""The Celery tasks: each calls the method of the same name of this process's pipeline."""

from shared.dispatch import Task
from worker.app import app
from worker.bootstrap import scoring_process
from worker.task_context import step


@app.task(name=Task.READ)
def read(job_id: str) -> None:
    """Check the requests of a batch, and store their rows."""
    with step(Task.READ, job=job_id):
        scoring_process.pipeline.read(job_id)


@app.task(name=Task.SPLIT)
def split(job_id: str) -> None:
    """Cut an upload into parts, and start its lanes."""
    with step(Task.SPLIT, job=job_id):
        scoring_process.pipeline.split(job_id)


@app.task(name=Task.SCORE)
def score(job_id: str, part: int) -> None:
    """Score one part."""
    with step(Task.SCORE, job=job_id, part=part):
        scoring_process.pipeline.score(job_id, part)


@app.task(name=Task.FINISH)
def finish(job_id: str) -> None:
    """Close a job whose parts are all done."""
    with step(Task.FINISH, job=job_id):
        scoring_process.pipeline.finish(job_id)


@app.task(name=Task.JOIN)
def join(job_id: str) -> None:
    """Write all results of a job as one direct file."""
    with step(Task.JOIN, job=job_id):
        scoring_process.pipeline.join(job_id)


@app.task(name=Task.RETRACT)
def retract(job_id: str) -> None:
    """Remove what a job has left in the folder of a user."""
    with step(Task.RETRACT, job=job_id):
        scoring_process.pipeline.retract(job_id)


@app.task(name=Task.ANSWER)
def answer(full_name: str) -> None:
    """Score the small jobs that wait for a model."""
    with step(Task.ANSWER, model=full_name):
        scoring_process.pipeline.answer(full_name)
