"""`/jobs/<id>/summary`: what the scores of a job come to."""

from typing import Annotated

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.lookup import find_job
from api.jobs.representation import EXAMPLE_ID, Count, Counts, JobId
from api.results.parts import ResultParts
from api.schema.describe import OF_A_JOB, Answer, describes, json
from api.services import Services, services
from shared.jobs.job import Job, State
from shared.jobs.outcome import BINS, Summary
from shared.model import SCORE

blueprint = Blueprint("summary", __name__)

#: The most kinds of errors that are named.
MAX_KINDS = 10

Score = Annotated[float | None, Field(ge=0, le=1)]

Bin = TypedDict("Bin", {"from": float, "to": float, "rows": Count})


class Scores(TypedDict):
    """Of the rows with a score; null where there are none."""

    mean: Score
    min: Score
    max: Score
    histogram: Annotated[list[Bin], Field(description="A score of 1 is in the last bin.")]


class Kind(TypedDict):
    """How many rows have an error of one kind."""

    kind: Annotated[str, Field(description="A word for the error, such as `empty`.")]
    rows: Count


class JobSummary(TypedDict):
    """What there is so far, of a job that runs."""

    id: JobId
    state: State
    rows: Counts
    scores: Scores
    errors: Annotated[list[Kind], Field(description="The most frequent first.")]


def _bins(rows: tuple[int, ...]) -> list[Bin]:
    return [
        {"from": at / BINS, "to": (at + 1) / BINS, "rows": count} for at, count in enumerate(rows)
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
    """What the scores of a job come to, and which errors its rows have."""
    at = services()
    job = find_job(at, job_id)
    found = _summary(at, job)
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


def _summary(at: Services, job: Job) -> Summary:
    parts = ResultParts(at, job)
    if job.spec.kind == "bulk":
        return parts.outcome().summary
    rows = parts.records(0)
    return Summary.of([row[SCORE] for row in rows], [row["error"] for row in rows])
