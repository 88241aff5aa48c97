"""One Celery task per job, with a web app in front.

export JOBS_REDIS=redis://127.0.0.1/1 JOBS_MODEL=models/fast/model.pkl
celery --app benchmarks.references.task_per_job worker --concurrency 2
gunicorn --workers 2 'benchmarks.references.task_per_job:make_web()'
"""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from flask import Flask, request

from benchmarks.references import pandas_script

redis = os.environ.get("JOBS_REDIS", "redis://127.0.0.1/1")

app = Celery("jobs", broker=redis, backend=redis)


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery's
def load(**_: Any) -> None:
    """Load the model in each process of the worker."""
    pandas_script.load(os.environ["JOBS_MODEL"])


@app.task  # type: ignore[untyped-decorator]  # Celery's
def score(text: str) -> float:
    """The score of a text."""
    return float(pandas_script.scores([text])[0])


def make_web() -> Flask:
    """Make the app that accepts jobs and returns their state."""
    web = Flask(__name__)

    @web.post("/jobs")
    def submit() -> tuple[dict[str, Any], int]:
        task = score.delay(request.get_json()["text"][0])
        return {"id": task.id}, 202

    @web.get("/jobs/<task_id>")
    def follow(task_id: str) -> dict[str, Any]:
        task = app.AsyncResult(task_id)
        return {"state": task.state, "score": task.result if task.successful() else None}

    print("ready", flush=True)
    return web
