"""`/livez` and `/readyz`: for whatever restarts the API, and for whatever sends it requests."""

from typing import NotRequired

from flask import Blueprint
from typing_extensions import TypedDict

from api.process.draining import draining
from api.schema.describe import Answer, describes, json
from api.services import current_services
from shared.errors.service import Draining, NoModelYet

blueprint = Blueprint("health", __name__)


class Health(TypedDict):
    """`processes`: how many live processes serve each model."""

    status: str
    processes: NotRequired[dict[str, int]]


@blueprint.get("/livez")
@describes({200: Answer("It answers.", json(Health, {"status": "ok"}))})
def livez() -> Health:
    """The process answers. A Redis that is away is no reason to restart it."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@describes(
    {200: Answer("Ready.", json(Health, {"status": "ok", "processes": {"fast@e5cff74e16d3": 2}}))},
    refused=(NoModelYet, Draining),
)
def readyz() -> Health:
    """Redis answers, some worker has its models loaded, and this replica is not about to stop."""
    if draining.is_set():
        raise Draining
    serving = current_services().fleet.serving()
    if not serving:
        raise NoModelYet
    return {"status": "ok", "processes": serving}
