"""The columns of a model in JSON: what it takes, and what it gives."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.signature import SENTIMENT, ColumnType, Input, Meaning, Output


class InputJson(TypedDict):
    """A column that a model takes."""

    name: str
    type: ColumnType
    required: Annotated[bool, Field(description="Whether a row without a value is an error.")]


class OutputJson(TypedDict):
    """A column that a model gives."""

    name: str
    type: ColumnType
    meaning: Meaning
    of: Annotated[str | None, Field(description="The class whose probability it is.")]
    minimum: float | None
    maximum: float | None
    on_request: Annotated[
        bool, Field(description="Whether only jobs get it that ask for it by `outputs=`.")
    ]


def inputs_json(inputs: Iterable[Input]) -> list[InputJson]:
    """Inputs as JSON."""
    return [{"name": one.name, "type": one.type, "required": one.required} for one in inputs]


def outputs_json(outputs: Iterable[Output]) -> list[OutputJson]:
    """Outputs as JSON."""
    return [
        {
            "name": one.name,
            "type": one.type,
            "meaning": one.meaning,
            "of": one.of,
            "minimum": one.minimum,
            "maximum": one.maximum,
            "on_request": one.on_request,
        }
        for one in outputs
    ]


#: Examples for the OpenAPI document.
EXAMPLE_INPUTS, EXAMPLE_OUTPUTS = inputs_json(SENTIMENT.inputs), outputs_json(SENTIMENT.outputs)
