"""`/livez` and `/readyz`: for whatever restarts the API, and for whatever sends it requests."""

from typing import Any

from flask import Blueprint

from api.draining import draining
from api.services import services
from shared.errors import Draining, NoModelYet

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> dict[str, Any]:
    """The process answers. A Redis that is away is no reason to restart it."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> dict[str, Any]:
    """Redis answers, some worker has its models loaded, and this replica is not about to stop."""
    if draining.is_set():
        raise Draining
    serving = services().fleet.serving()
    if not serving:
        raise NoModelYet
    return {"status": "ok", "processes": serving}
