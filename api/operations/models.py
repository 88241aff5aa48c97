"""`/models`: the models that a job may name."""

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
from api.services import current_services

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
    rows_per_second: Annotated[int, Field(ge=0, description="The speed of one process.")]
    explained_by: Annotated[
        Literal["linear", "tree", "occlusion"] | None,
        Field(description="How `explain=` finds what moved a score; null: not at all."),
    ]
    processes: Annotated[int, Field(ge=0, description="The live processes that serve it.")]
    default: Annotated[bool, Field(description="Whether jobs use it that name no model.")]


class FailedModel(TypedDict):
    """A model that a live worker cannot serve."""

    name: Annotated[str, Field(description="The name of the model, or of its folder.")]
    reason: str


class ModelsJson(TypedDict):
    """All models."""

    models: list[ModelJson]
    failed: list[FailedModel]


_EXAMPLE: ModelsJson = {
    "models": [
        {
            "name": "fast",
            "version": "e5cff74e16d3",
            "format": "pkl",
            "description": "Words and a linear classifier.",
            "inputs": EXAMPLE_INPUTS,
            "outputs": EXAMPLE_OUTPUTS,
            "figures": {},
            "rows_per_second": 250_000,
            "explained_by": "linear",
            "processes": 2,
            "default": True,
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
    return {
        "models": [
            {
                "name": name,
                "version": served.card.version,
                "format": served.card.format,
                "description": served.card.description,
                "inputs": inputs_json(served.card.signature.inputs),
                "outputs": outputs_json(served.card.signature.outputs),
                "figures": served.card.figures,
                "rows_per_second": round(served.rate),
                "explained_by": served.explained_by or None,
                "processes": services.fleet.processes(served.card.full_name),
                "default": name == services.settings.default_model,
            }
            for name, served in services.names.current().items()
        ],
        "failed": [
            {"name": name, "reason": reason}
            for name, reason in sorted(services.fleet.failed().items())
        ],
    }
