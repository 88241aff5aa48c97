"""`/models`: the models that a job may name."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
from shared.card import Card
from shared.fleet import Served, Worker, name_of
from shared.library_fit import installed
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
        Literal["linear", "tree", "shapley", "occlusion"] | None,
        Field(description="How `explain=` finds what moved a score; null: not at all."),
    ]
    processes: Annotated[int, Field(ge=0, description="The live processes that serve it.")]
    default: Annotated[bool, Field(description="Whether jobs use it that name no model.")]


class Environment(TypedDict):
    """Workers with the same versions of the libraries that a model runs with."""

    workers: Annotated[int, Field(ge=1)]
    libraries: Annotated[
        dict[str, str], Field(description="The versions of the libraries that its card names.")
    ]


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
    served_by: Annotated[
        list[Environment],
        Field(description="The workers that serve it, together where their libraries are equal."),
    ]


class DeclinedModel(TypedDict):
    """A version that live workers leave to workers with other versions of libraries."""

    name: str
    version: str
    reason: str
    workers: Annotated[int, Field(ge=1, description="How many leave it to others.")]


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
    declined: list[DeclinedModel]


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
            "served_by": [{"workers": 1, "libraries": {"scikit-learn": "1.9.1"}}],
        }
    ],
    "failed": [{"name": "mine", "reason": "/models/mine has no card.json."}],
    "declined": [
        {
            "name": "older",
            "version": "0a1b2c3d4e5f",
            "reason": "its card names scikit-learn 1.7.2; here, scikit-learn 1.9.1",
            "workers": 1,
        }
    ],
}


@blueprint.get("/models")
@describes({200: Answer("The models.", json(ModelsJson, _EXAMPLE))})
def models() -> ModelsJson:
    """The models that workers have announced, each with the number of live processes that serve it.

    `failed` names the models that a worker has in its folder and cannot serve; `declined` those
    that it leaves to workers with other versions of libraries.
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
        "declined": _declined(services.fleet.workers()),
    }


def _declined(workers: Sequence[Worker]) -> list[DeclinedModel]:
    counts = Counter(found for worker in workers for found in worker.declined.items())
    return [
        {
            "name": name_of(full_name),
            "version": full_name.partition("@")[2],
            "reason": reason,
            "workers": count,
        }
        for (full_name, reason), count in sorted(counts.items())
    ]


def _served_by(workers: Sequence[Worker], card: Card) -> list[Environment]:
    counts = Counter(
        tuple(installed(worker.libraries, card).items())
        for worker in workers
        if card.full_name in worker.models
    )
    return [{"workers": count, "libraries": dict(found)} for found, count in sorted(counts.items())]


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
    names, workers = services.aliases.all(), services.fleet.workers()
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
                "served_by": _served_by(workers, card),
            }
        )
    return sorted(found, key=lambda one: (one["name"], not one["current"], one["created_at"]))
