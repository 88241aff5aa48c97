"""`/models`: the models that a job may name."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.schema.column_types import (
    EXAMPLE_INPUTS,
    EXAMPLE_OUTPUTS,
    InputJson,
    OutputJson,
    inputs_json,
    outputs_json,
)
from api.schema.describe import Answer, describes, json
from api.security.access import current_identity
from api.services import Services, current_services
from shared.aliases import Names
from shared.fleet import Served
from shared.telemetry.timestamps import rfc3339

blueprint = Blueprint("models", __name__)


class ModelJson(TypedDict):
    """A model that a job may name."""

    name: str
    version: str
    format: Annotated[
        str, Field(description="`pkl`, `hdf5`, or the format of a runtime of your own.")
    ]
    description: str
    inputs: Annotated[list[InputJson], Field(description="The columns that it takes.")]
    outputs: Annotated[list[OutputJson], Field(description="The columns that it gives.")]
    figures: Annotated[dict[str, Any], Field(description="What its author measured.")]
    reach: Annotated[
        bool, Field(description="Whether it tells what it has read of a text (`reach=true`).")
    ]
    rows_per_second: Annotated[int, Field(ge=0, description="The speed of one process.")]
    explained_by: Annotated[
        Literal["linear", "tree", "occlusion"] | None,
        Field(description="How `explain=` finds what moved a score; null: not at all."),
    ]
    processes: Annotated[int, Field(ge=0, description="The live processes that serve it.")]
    default: Annotated[bool, Field(description="Whether jobs use it that name no model.")]


class VersionJson(ModelJson):
    """A version of a model that a job may name."""

    aliases: Annotated[list[str], Field(description="The aliases that point at it.")]
    current: Annotated[
        bool, Field(description="Whether requests get it that name the model without a version.")
    ]
    rows: Annotated[
        int | None,
        Field(
            ge=0,
            description="The rows that it has scored since Redis last lost its data; null for keys "
            "without the scope `admin`.",
        ),
    ]
    last_used: Annotated[
        str | None,
        Field(
            description="When it has last scored rows; null: not yet, or for keys without the "
            "scope `admin`."
        ),
    ]
    created_at: Annotated[str, Field(description="When its card was written.")]


class FailedModel(TypedDict):
    """A model that a live worker cannot serve."""

    name: Annotated[str, Field(description="The name of the model, or of its folder.")]
    reason: str


class ModelsJson(TypedDict):
    """All models."""

    models: Annotated[
        list[ModelJson],
        Field(description="The version of each model that requests get which name none."),
    ]
    versions: Annotated[list[VersionJson], Field(description="All versions of all models.")]
    failed: list[FailedModel]


_MODEL: ModelJson = {
    "name": "fast",
    "version": "e5cff74e16d3",
    "format": "pkl",
    "description": "Words and a linear classifier.",
    "inputs": EXAMPLE_INPUTS,
    "outputs": EXAMPLE_OUTPUTS,
    "figures": {},
    "rows_per_second": 250_000,
    "explained_by": "linear",
    "reach": True,
    "processes": 2,
    "default": True,
}
_EXAMPLE: ModelsJson = {
    "models": [_MODEL],
    "versions": [
        {
            **_MODEL,
            "aliases": ["champion"],
            "current": True,
            "rows": 1_000_000,
            "last_used": "2026-01-01T00:00:00.000Z",
            "created_at": "2025-12-01T00:00:00.000Z",
        }
    ],
    "failed": [{"name": "mine", "reason": "/models/mine has no card.json."}],
}


@blueprint.get("/models")
@describes({200: Answer("The models.", json(ModelsJson, _EXAMPLE))})
def models() -> ModelsJson:
    """The models that workers have announced, each with the number of live processes that serve it.

    `failed` names the models that a worker has in its folder and cannot serve.
    """
    services = current_services()
    current = services.names.current()
    return {
        "models": [_model_json(services, one) for one in current.values()],
        "versions": _versions(services, current),
        "failed": [
            {"name": name, "reason": reason}
            for name, reason in sorted(services.fleet.failed().items())
        ],
    }


def _model_json(services: Services, served: Served) -> ModelJson:
    card = served.card
    return {
        "name": card.name,
        "version": card.version,
        "format": card.format,
        "description": card.description,
        "inputs": inputs_json(card.signature.inputs),
        "outputs": outputs_json(card.signature.outputs),
        "figures": card.figures,
        "rows_per_second": round(served.rate),
        "explained_by": served.explained_by or None,
        "reach": served.tells_reach,
        "processes": services.fleet.processes(card.full_name),
        "default": card.name == services.settings.default_model,
    }


def _versions(services: Services, current: Mapping[str, Served]) -> list[VersionJson]:
    # What others do is for admins alone.
    sees_all = current_identity().is_admin
    rows = services.overview.totals().rows()
    used = services.overview.used() if sees_all else {}
    names = services.aliases.all()
    found: list[VersionJson] = []
    for full_name, one in services.fleet.versions().items():
        card, own = one.card, names.get(one.card.name, Names())
        if card.version in own.removed:
            continue
        found.append(
            {
                **_model_json(services, one),
                "aliases": own.of(card.version),
                "current": card.name in current and current[card.name].card.version == card.version,
                "rows": rows[full_name] if sees_all else None,
                "last_used": rfc3339(used[full_name]) if full_name in used else None,
                "created_at": rfc3339(card.created_at.timestamp()),
            }
        )
    return sorted(found, key=lambda one: (one["name"], not one["current"], one["created_at"]))
