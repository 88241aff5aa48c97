"""`/models/<name>/drift`: how far the rows of the last day are from the reference of a model."""

from typing import Annotated

from flask import Blueprint, request
from pydantic import Field

from api.drift.report import Drift, drift_of
from api.jobs.lookup import find_job
from api.results.reach_summary import ReachSummary, reach_summary
from api.results.summary import summary_of
from api.schema.describe import OF_A_JOB, Answer, Parameter, describes, json
from api.services import Services, current_services
from shared.drift.counts import Counts, ReachCounts, reach_in
from shared.drift.reference import Reference, Watched
from shared.errors.aliases import AmbiguousVersion, NoChampion
from shared.errors.input import BadOption, UnknownModel, UnknownOption
from shared.jobs.job import Job
from shared.jobs.watch_store import HOURS

blueprint = Blueprint("model_drift", __name__)


class ModelDrift(Drift):
    """The drift of a model version in the last day, and what it has read of the texts."""

    model: str
    version: str
    job: Annotated[str | None, Field(description="The job whose rows they are; null: the day.")]
    reach: ReachSummary | None


_EDGES, _COUNTS = (0.2, 0.4, 0.6, 0.8), (0, 210, 180, 170, 190, 250)
_REFERENCE = Reference(
    rows=1000,
    source="rows that it did not learn from",
    columns=(Watched(name="Sentiment_Score", role="output", edges=_EDGES, counts=_COUNTS),),
)
_EXAMPLE: ModelDrift = {
    "model": "fast",
    "version": "e5cff74e16d3",
    "job": None,
    **drift_of(_REFERENCE, {_REFERENCE.name_of(0): (0, 2100, 1790, 1730, 1880, 2500)}),
    "reach": reach_summary(ReachCounts(10_000, 154_000, 146_000, 21, 3, 0, 17), 10_000),
}


_JOB = Parameter(
    "job", {"type": "string"}, "Compare the rows of this job, in the place of those of the day."
)
_REFERENCE_JOB = Parameter(
    "reference",
    {"type": "string"},
    "Compare with the rows of this job, in the place of the model's reference. If it has ended "
    "within the day, its own rows do not count as rows of the day.",
)


@blueprint.get("/models/<name>/drift")
@describes(
    {200: Answer("The drift.", json(ModelDrift, _EXAMPLE))},
    refused=(UnknownModel, AmbiguousVersion, NoChampion, UnknownOption, BadOption, *OF_A_JOB),
    parameters=(_JOB, _REFERENCE_JOB),
)
def model_drift(name: str) -> ModelDrift:
    """How far the rows of the last 24 hours are from the reference of a model version.

    The rows of a bulk job count when it ends; those of small jobs and questions when they are
    answered. `job` and `reference` name jobs that this version has scored, to be compared instead.
    """
    at = current_services()
    for option, values in request.args.lists():
        if option not in (_JOB.name, _REFERENCE_JOB.name):
            options = f"{_JOB.name}, {_REFERENCE_JOB.name}"
            raise UnknownOption(option=option[:80], options=options)
        if len(values) > 1:
            raise BadOption(option=option, value=values[1][:80], reason="it has two values")
    card = at.names.find(name).card
    job, other = (_job(at, one.name, card.full_name) for one in (_JOB, _REFERENCE_JOB))
    reference = at.fleet.reference(card.full_name)
    counts: Counts = at.store.watched_in_day(card.full_name)
    if job:
        counts = summary_of(at, job).watched
    if other:
        theirs = summary_of(at, other).watched
        reference = _made_of(other, theirs, reference)
        if job is None:
            counts = _without(counts, other, theirs, at.store.now())
    reach = reach_in(counts)
    return {
        "model": card.name,
        "version": card.version,
        "job": job.spec.id if job else None,
        **drift_of(reference, counts),
        "reach": reach_summary(reach, reach.rows) if reach else None,
    }


def _job(at: Services, option: str, full_name: str) -> Job | None:
    """The job that an option names, which this version has scored; None: it names none."""
    job_id = request.args.get(option)
    if job_id is None:
        return None
    job = find_job(at, job_id)
    if job.spec.full_name != full_name:
        reason = (
            f"it was scored by {job.spec.full_name}, and only rows of one version are compared; "
            f"ask for the drift of {job.spec.full_name}"
        )
        raise BadOption(option=option, value=job_id[:80], reason=reason)
    return job


def _made_of(job: Job, counts: Counts, reference: Reference | None) -> Reference | None:
    """A reference of the rows of a job, counted in the bins of the model's own reference.

    Raises:
        shared.errors.input.BadOption: its rows were not counted in these bins.
    """
    if reference is None:
        return None
    columns, rows = [], 0
    for number, column in enumerate(reference.columns):
        own = counts.get(reference.name_of(number), ())
        if len(own) != len(column.counts):
            own = (0,) * len(column.counts)
        rows = max(rows, sum(own))
        columns.append(column.model_copy(update={"counts": own}))
    if not rows:
        reason = "none of its rows was counted for the present reference of the model"
        raise BadOption(option=_REFERENCE_JOB.name, value=job.spec.id, reason=reason)
    source = f"of job {job.spec.id}"
    return Reference(rows=rows, source=source, columns=tuple(columns))


def _without(day: Counts, job: Job, counts: Counts, now: float) -> Counts:
    """The counts of a day without those of a job, if it has ended in it.

    Raises:
        shared.errors.input.BadOption: the job is a retry: the rows that it took over from another
            job are not among those of the day.
    """
    first_hour = int(now // 3600) - HOURS + 1
    if job.finished_at is None or job.finished_at // 3600 < first_hour:
        return day
    if job.spec.retry_of:
        reason = "it is a retry that has ended within the day: name the job to compare, with job="
        raise BadOption(option=_REFERENCE_JOB.name, value=job.spec.id, reason=reason)
    left = {}
    for name, numbers in day.items():
        own = counts.get(name, ())
        if len(own) != len(numbers):
            own = (0,) * len(numbers)
        pairs = zip(numbers, own, strict=True)
        if any(others := tuple(max(of_all - of_job, 0) for of_all, of_job in pairs)):
            left[name] = others
    return left
