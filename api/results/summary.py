"""`/jobs/<id>/summary`: statistics of the scores of a job, and its errors by kind."""

from typing import Annotated

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.lookup import find_job
from api.jobs.representation import EXAMPLE_ID, Count, Counts, JobId
from api.results.parts import ResultParts
from api.schema.describe import OF_A_JOB, Answer, describes, json
from api.services import Services, current_services
from shared.jobs.job import Job, State
from shared.jobs.outcome import BINS, Summary

blueprint = Blueprint("summary", __name__)

#: The most kinds of errors in one summary.
MAX_KINDS = 10

Score = Annotated[float | None, Field(ge=0, le=1)]

Bin = TypedDict("Bin", {"from": float, "to": float, "rows": Count})


class Scores(TypedDict):
    """Statistics of the rows with a score; null if no row has one."""

    mean: Score
    min: Score
    max: Score
    histogram: Annotated[
        list[Bin],
        Field(description="Ten bins, each from `from` to below `to`; a score of 1 is in the last."),
    ]


class Kind(TypedDict):
    """The number of rows with one kind of error."""

    kind: Annotated[str, Field(description="The kind of error, such as `empty`.")]
    rows: Count


class JobSummary(TypedDict):
    """The summary of a job; while it runs, of the rows that are done."""

    id: JobId
    state: State
    rows: Counts
    scores: Scores
    errors: Annotated[list[Kind], Field(description="The most frequent kind first.")]


def _bins(rows: tuple[int, ...]) -> list[Bin]:
    return [
        {"from": index / BINS, "to": (index + 1) / BINS, "rows": count}
        for index, count in enumerate(rows)
    ]


_EXAMPLE: JobSummary = {
    "id": EXAMPLE_ID,
    "state": State.SUCCEEDED,
    "rows": {"total": 3, "completed": 2, "failed": 1},
    "scores": {"mean": 0.6, "min": 0.3, "max": 0.9, "histogram": _bins((0, 0, 0, 1, *[0] * 5, 1))},
    "errors": [{"kind": "empty", "rows": 1}],
}


@blueprint.get("/jobs/<job_id>/summary")
@describes({200: Answer("The summary.", json(JobSummary, _EXAMPLE))}, refused=OF_A_JOB)
def summary(job_id: str) -> JobSummary:
    """Statistics of the scores of a job, and the number of its errors by kind."""
    services = current_services()
    job = find_job(services, job_id)
    found = _summary(services, job)
    kinds = sorted(found.errors.items(), key=lambda one: (-one[1], one[0]))[:MAX_KINDS]
    return {
        "id": job_id,
        "state": job.state,
        "rows": {"total": job.total, "completed": job.completed, "failed": job.failed},
        "scores": {
            "mean": found.total / found.scored if found.scored else None,
            "min": found.least,
            "max": found.most,
            "histogram": _bins(found.bins),
        },
        "errors": [{"kind": kind, "rows": rows} for kind, rows in kinds],
    }


def _summary(services: Services, job: Job) -> Summary:
    parts = ResultParts(services, job)
    if job.spec.kind == "bulk":
        return parts.outcome().summary
    rows, first = parts.records(0), parts.columns.outputs[0].name
    return Summary.of([row[first] for row in rows], [row["error"] for row in rows])
