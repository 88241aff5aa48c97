"""Makes jobs, parts, small jobs and questions for the tests of the job store."""

import time
from collections.abc import Callable
from typing import Any

from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.job_store import JobStore, Question, Walk
from shared.jobs.spec import Spec
from shared.jobs.state import State
from shared.tables.csv_layout import CsvLayout
from shared.tables.layouts import NDJSON
from shared.tables.parts import Part

MODEL = "fast@0123456789ab"

MakeStore = Callable[..., JobStore]


def a_job(kind: Any = "bulk", *, total: int | None = None) -> Job:
    layout = CsvLayout(start=10) if kind == "bulk" else NDJSON
    spec = Spec(
        id=new_job_id(), model="fast", version="0123456789ab", kind=kind, layout=layout, size=110
    )
    return Job(spec=spec, created_at=time.time(), total=total)


def parts(count: int, rows: int = 10, first: int = 0) -> list[Part]:
    numbers = range(first, first + count)
    return [Part(offset=10 + 20 * at, length=20, first_row=rows * at, rows=rows) for at in numbers]


def running(store: JobStore, count: int, lanes: int, *, last: bool = True) -> tuple[str, Walk]:
    job = a_job()
    store.create(job)
    # Before the turns of others: in most tests there are no others.
    store.hand_out(MODEL, lanes=1000)
    assert store.move(job.spec.id, State.RUNNING)
    walk = store.add_parts(job.spec.id, parts(count), known=0, last=last, lanes=lanes)
    return job.spec.id, walk


def dispatched(walk: Walk) -> list[int]:
    """The numbers of the parts that were handed out."""
    return [step.part for step in walk.dispatch]


def complete(store: JobStore, job_id: str, part: int, lanes: int = 2) -> Walk:
    return store.complete_part(job_id, part, completed=9, failed=1, lanes=lanes)


def small(store: JobStore, rows: int) -> tuple[str, bool]:
    job = a_job("small", total=rows)
    return job.spec.id, store.create(job, b'["1", "text"]\n' * rows)


def question(count: int = 1, *, reply_to: str = "here", asked: int = 0) -> Question:
    return Question(new_job_id(), b'["1", "text"]\n' * count, count, reply_to, asked)
