"""`/models/<name>/drift`: how far the rows of the last day are from the reference of a model."""

from flask import Blueprint

from api.drift.report import Drift, drift_of
from api.results.reach_summary import ReachSummary, reach_summary
from api.schema.describe import Answer, describes, json
from api.services import current_services
from shared.drift.counts import ReachCounts, reach_in
from shared.drift.reference import Reference, Watched
from shared.errors.aliases import AmbiguousVersion, NoChampion
from shared.errors.input import UnknownModel

blueprint = Blueprint("model_drift", __name__)


class ModelDrift(Drift):
    """The drift of a model version in the last day, and what it has read of the texts."""

    model: str
    version: str
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
    **drift_of(_REFERENCE, {_REFERENCE.name_of(0): (0, 2100, 1790, 1730, 1880, 2500)}),
    "reach": reach_summary(ReachCounts(10_000, 154_000, 146_000, 21, 3, 0, 17), 10_000),
}


@blueprint.get("/models/<name>/drift")
@describes(
    {200: Answer("The drift.", json(ModelDrift, _EXAMPLE))},
    refused=(UnknownModel, AmbiguousVersion, NoChampion),
)
def model_drift(name: str) -> ModelDrift:
    """How far the rows of the last 24 hours are from the reference of a model version.

    The rows of a bulk job count when it ends; those of small jobs and questions when they are
    answered.
    """
    at = current_services()
    card = at.names.find(name).card
    counts = at.store.watched_in_day(card.full_name)
    reach = reach_in(counts)
    return {
        "model": card.name,
        "version": card.version,
        **drift_of(at.fleet.reference(card.full_name), counts),
        "reach": reach_summary(reach, reach.rows) if reach else None,
    }
