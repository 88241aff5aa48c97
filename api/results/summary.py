"""`/jobs/<id>/summary`: statistics of the outputs of a job, and its errors by kind."""

from typing import Annotated

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.drift.report import Drift, drift_of
from api.jobs.lookup import find_job
from api.jobs.shapes import EXAMPLE_ID, Count, Counts, JobId
from api.results.comparison import (
    ComparisonJson,
    comparison_json,
    comparison_of_shadow,
)
from api.results.output_summary import (
    Bin,
    LabelSummary,
    NumberSummary,
    found_for,
    mean_of,
    shown_bins,
    summaries_of,
)
from api.results.parts import ResultParts
from api.results.reach_summary import ReachSummary, reach_summary
from api.schema.describe import OF_A_JOB, Answer, describes, json
from api.services import Services, current_services
from shared.drift.counts import ReachCounts, reach_in
from shared.errors.service import JobExpired, JobNotFound
from shared.jobs.job import Job
from shared.jobs.sketch import Numbers
from shared.jobs.state import State
from shared.jobs.summary import Summary
from shared.signature import SCORE, SENTIMENT, Output

blueprint = Blueprint("summary", __name__)

#: The most kinds of errors in one summary.
MAX_KINDS = 10

Score = Annotated[float | None, Field(ge=0, le=1)]


class Scores(TypedDict):
    """Statistics of the rows with a sentiment score; null if no row has one."""

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
    scores: Annotated[
        Scores | None, Field(description="Of `Sentiment_Score`; null if the job does not give it.")
    ]
    outputs: Annotated[
        list[NumberSummary | LabelSummary],
        Field(description="The distribution of each output of the job, in order."),
    ]
    errors: Annotated[list[Kind], Field(description="The most frequent kind first.")]
    reach: Annotated[
        ReachSummary | None,
        Field(description="What the model has read of the texts; null if it takes no text."),
    ]
    drift: Annotated[
        Drift, Field(description="How far the rows are from the reference of their model.")
    ]
    comparison: Annotated[
        ComparisonJson | None,
        Field(description="Null unless two models score the rows, in one job or in a shadow."),
    ]


def _scores(outputs: tuple[Output, ...], found: Summary) -> Scores | None:
    """The statistics of the sentiment score, if it is an output."""
    for output, numbers in zip(outputs, found_for(outputs, found), strict=True):
        if output.name == SCORE and isinstance(numbers, Numbers) and not numbers.shift:
            return {
                "mean": mean_of(numbers),
                "min": numbers.least,
                "max": numbers.most,
                "histogram": shown_bins(output, numbers),
            }
    return None


_SCORES = Summary.of(SENTIMENT.outputs, [[0.3, 0.9]], [None, None])

_EXAMPLE: JobSummary = {
    "id": EXAMPLE_ID,
    "state": State.SUCCEEDED,
    "rows": {"total": 3, "completed": 2, "failed": 1},
    "scores": _scores(SENTIMENT.outputs, _SCORES),
    "outputs": summaries_of(SENTIMENT.outputs, _SCORES),
    "errors": [{"kind": "empty", "rows": 1}],
    "reach": reach_summary(ReachCounts(2, 31, 24, 1, 0, 0, 0), 2),
    "drift": drift_of(None, {}),
    "comparison": None,
}


@blueprint.get("/jobs/<job_id>/summary")
@describes({200: Answer("The summary.", json(JobSummary, _EXAMPLE))}, refused=OF_A_JOB)
def summary(job_id: str) -> JobSummary:
    """Statistics of the outputs of a job, and the number of its errors by kind."""
    services = current_services()
    job = find_job(services, job_id)
    outputs = job.spec.result_columns.outputs
    found = summary_of(services, job)
    kinds = sorted(found.errors.items(), key=lambda one: (-one[1], one[0]))[:MAX_KINDS]
    return {
        "id": job_id,
        "state": job.state,
        "rows": {"total": job.total, "completed": job.completed, "failed": job.failed},
        "scores": _scores(outputs, found),
        "outputs": summaries_of(outputs, found),
        "errors": [{"kind": kind, "rows": rows} for kind, rows in kinds],
        "reach": reach_summary(reach_in(found.watched), found.scored)
        if job.spec.signature.takes_text
        else None,
        "drift": drift_of(services.fleet.reference(job.spec.full_name), found.watched),
        "comparison": _comparison(services, job, found),
    }


def _comparison(services: Services, job: Job, found: Summary) -> ComparisonJson | None:
    """The comparison of both models of a job; or of a job and its shadow, once that has ended."""
    spec = job.spec
    if spec.second:
        return comparison_json(spec.second, spec.result_columns.outputs, found.comparisons)
    if not spec.shadow:
        return comparison_of_shadow(spec, found.comparisons)
    try:
        shadow = services.store.get(spec.shadow.id)
    except (JobNotFound, JobExpired):
        return None
    if shadow.state is not State.SUCCEEDED:
        return None
    comparisons = ResultParts(services, shadow).outcome().summary.comparisons
    return comparison_of_shadow(shadow.spec, comparisons)


def summary_of(services: Services, job: Job) -> Summary:
    """What was counted of the rows of a job that are done."""
    parts = ResultParts(services, job)
    if job.spec.kind == "bulk":
        return parts.outcome().summary
    rows, outputs = parts.records(0), job.spec.result_columns.outputs
    columns = [[row[output.name] for row in rows] for output in outputs]
    found = Summary.of(outputs, columns, [row["error"] for row in rows])
    watched = services.store.small_watched(job.spec.id)
    return found.model_copy(update={"watched": watched})
