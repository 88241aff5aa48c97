"""`/models`: what can be asked for."""

from typing import Any

from flask import Blueprint

from api.services import services

blueprint = Blueprint("models", __name__)


@blueprint.get("/models")
def models() -> dict[str, Any]:
    """Every model that a worker has announced, and how many processes serve it now."""
    at = services()
    return {
        "models": [
            {
                "name": name,
                "version": served.card.version,
                "format": served.card.format,
                "description": served.card.description,
                "figures": served.card.figures,
                "rows_per_second": round(served.rate),
                "processes": at.fleet.processes(served.card.full_name),
                "default": name == at.settings.default_model,
            }
            for name, served in at.fleet.models().items()
        ]
    }
