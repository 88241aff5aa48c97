"""Two ways to score a text by workers: Scorelane's small jobs, and one Celery task per text."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psutil  # type: ignore[import-untyped]  # it ships no types
from celery import Celery
from typing_extensions import override

from benchmarks.broker_address import broker_address
from benchmarks.reference_servers import started
from benchmarks.service import Running
from shared.config.places import BUNDLED_MODELS
from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, make_celery
from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.spec import Spec
from shared.jobs.state import ENDED
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.tables.csv_results import parse
from shared.tables.layouts import NDJSON
from shared.tables.stored_rows import write_rows

#: The maximum seconds of any wait.
PATIENCE = 120.0

TASK = "benchmarks.references.task_per_job.score"


class Way(Protocol):
    """A way to score a text."""

    #: The process ids of its worker, the main process first.
    pids: list[int]

    def put(self, text: str) -> Any:
        """Submit a job; returns its identifier."""

    def score(self, job: Any) -> float:
        """Wait for the score of a job."""

    def finished_at(self, job: Any) -> float:
        """The time at which a job with a score ended, in seconds since the epoch."""


class SmallJobs(Way):
    """Small jobs, submitted as the API does: by a record in the job store, and the doorbell."""

    def __init__(self, running: Running, model: str) -> None:
        settings = Settings(redis_url=running.redis_url)
        self.pids = [*running.pids["worker"], *running.pids["worker processes"]]
        self._link = RedisLink(settings)
        self._store = RedisJobStore(self._link, settings)
        self._dispatch = CeleryDispatch(make_celery(settings))
        self._card = RedisFleet(self._link, settings).models()[model].card

    @override
    def put(self, text: str) -> str:
        content = write_rows([(1, text)])
        spec = Spec(
            id=new_job_id(),
            model=self._card.name,
            version=self._card.version,
            kind="small",
            layout=NDJSON,
            size=len(content),
        )
        if self._store.create(Job(spec=spec, created_at=time.time(), total=1), content):
            self._dispatch.answer(spec.full_name)
        return spec.id

    @override
    def score(self, job: str) -> float:
        if not self._store.wait(job, PATIENCE):
            raise TimeoutError(f"job {job} was not answered")
        [row] = parse(self._store.small_result(job))
        return float("nan" if row["Sentiment_Score"] is None else row["Sentiment_Score"])

    @override
    def finished_at(self, job: str) -> float:
        deadline = time.monotonic() + PATIENCE
        while (found := self._store.get(job)).state not in ENDED or found.finished_at is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job} was not answered")
            time.sleep(0.01)
        return found.finished_at


class TaskPerJob(Way):
    """One Celery task per job, with the result in the same Redis, as in Celery's tutorial."""

    def __init__(self, worker: psutil.Process, redis: str) -> None:
        self.pids = [worker.pid, *(child.pid for child in worker.children(recursive=True))]
        self._app = Celery("client", broker=redis, backend=redis, set_as_current=False)

    @override
    def put(self, text: str) -> Any:
        return self._app.send_task(TASK, (text,))

    @override
    def score(self, job: Any) -> float:
        return float(job.get(timeout=PATIENCE))

    @override
    def finished_at(self, job: Any) -> float:
        job.get(timeout=PATIENCE)
        return float(job.date_done.timestamp())


@contextmanager
def task_per_job(running: Running, model: str) -> Iterator[tuple[TaskPerJob, dict[str, str]]]:
    """Run the reference's worker with 2 processes, on another database of the service's Redis.

    Yields:
        The way, and the environment variables that its web app needs.
    """
    redis = broker_address(running.redis_url, 1)
    env = {"JOBS_REDIS": redis, "JOBS_MODEL": str(BUNDLED_MODELS / model / "model.pkl")}
    command = ["celery", "--app", "benchmarks.references.task_per_job", "worker"]
    command += ["--concurrency", "2", "--loglevel", "WARNING"]
    with started(command, env, ready="") as worker:
        client = Celery("client", broker=redis, backend=redis, set_as_current=False)
        client.send_task(TASK, ("a good film",)).get(timeout=PATIENCE)
        yield TaskPerJob(psutil.Process(worker.pid), redis), env


def round_trip(way: Way, text: str) -> float:
    """The seconds from submitting a job to its score."""
    began = time.perf_counter()
    way.score(way.put(text))
    return time.perf_counter() - began


def drain(way: Way, texts: list[str]) -> tuple[float, list[Any]]:
    """Fill a queue with one-row jobs while the worker is stopped, then let the worker drain it.

    Returns:
        Jobs per second, from resuming the worker to the end of the last job; and the jobs.
    """
    with _paused(way.pids):
        jobs = [way.put(text) for text in texts]
        began = time.time()
    return len(jobs) / (max(map(way.finished_at, reversed(jobs))) - began), jobs


@contextmanager
def _paused(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
