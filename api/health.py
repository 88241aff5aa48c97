"""`/livez` and `/readyz`: for whatever restarts the API, and for whatever sends it requests."""

from typing import Any

from flask import Blueprint

from api.services import services
from shared.errors import NoModelYet

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> dict[str, Any]:
    """The process answers. A Redis that is away is no reason to restart it."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> dict[str, Any]:
    """Redis answers, and some worker has its models loaded."""
    serving = services().fleet.serving()
    if not serving:
        raise NoModelYet
    return {"status": "ok", "processes": serving}
