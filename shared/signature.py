"""The signature of a model: the columns that it takes, and those that it gives.

The words are those of MLflow's model signatures ("ColSpec": name, type, required); the types are a
choice of its types. `INFERENCE_TYPES` has their names in the Open Inference Protocol.
"""

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

#: The type of a column.
ColumnType = Literal["string", "double", "long", "boolean", "datetime"]

#: What an output is. `score`: a number with a meaning of the model's own. `label`: the most
#: probable class. `probability`: the probability of the class `of`. `prediction`: what a model
#: predicts that has no classes. `expected value`: the mean of numbers that stand for the classes,
#: weighted by their probabilities. The others are outputs that a job has added to those of its
#: model, see `shared.jobs.added_outputs`. `explanation`: the name of a term or column that moved
#: the score. `effect`: by how much, or a number to which effects are added. `error`: why a second
#: model has no values. `reach`: what the model has read of a text.
Meaning = Literal[
    "score",
    "label",
    "probability",
    "prediction",
    "expected value",
    "explanation",
    "effect",
    "reach",
    "error",
]

#: The names of the types in the Open Inference Protocol.
INFERENCE_TYPES: dict[ColumnType, str] = {
    "string": "BYTES",
    "double": "FP64",
    "long": "INT64",
    "boolean": "BOOL",
    "datetime": "BYTES",
}

#: The names of the columns that every result has beside the outputs.
RESERVED = ("ref", "error")

TEXT = "text"
SCORE = "Sentiment_Score"


class _Column(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=256, pattern=r"^[^\x00\r\n]+$")


class Input(_Column):
    """A column that a model takes."""

    type: ColumnType = "string"
    required: bool = Field(
        True,
        description="Whether every row must have a value; if not, the model gets missing ones.",
    )


class Output(_Column):
    """A column that a model gives."""

    type: Literal["string", "double", "long", "boolean"] = "double"
    meaning: Meaning = "prediction"
    of: str | None = Field(None, description="The class whose probability it is.")
    minimum: float | None = Field(None, description="The least value, if it is known.")
    maximum: float | None = Field(None, description="The largest value, if it is known.")
    on_request: bool = Field(
        False, description="Whether a job gets it only if its option `outputs` names it."
    )

    required: bool = Field(
        True,
        description="Whether each row without an error has a value; if not, it may be empty.",
    )

    @model_serializer(mode="wrap")
    def _without_default(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out `required` if it is true.

        The version of a model is a digest of its outputs, among others, and older releases refuse
        fields unknown to them.
        """
        found: dict[str, Any] = serialise(self)
        if self.required:
            found.pop("required", None)
        return found

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, which a summary can average."""
        return self.type in ("double", "long")


class Signature(BaseModel):
    """The columns that a model takes, and those that it gives, each in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: tuple[Input, ...] = Field(min_length=1)
    outputs: tuple[Output, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for columns in (self.inputs, self.outputs):
            names = [column.name for column in columns]
            if len(set(names)) < len(names):
                raise ValueError("two columns have the same name")
        if taken := {output.name for output in self.outputs} & set(RESERVED):
            raise ValueError(f"an output may not have the name {min(taken)}")
        if all(output.on_request for output in self.outputs):
            raise ValueError("at least one output must be given without a request")
        return self

    @property
    def takes_text(self) -> bool:
        """Whether the model takes one text for each row, and nothing else.

        The option `text_column` names its column; a text that is empty is an error.
        """
        return [(one.type, one.required) for one in self.inputs] == [("string", True)]

    @property
    def default_outputs(self) -> tuple[Output, ...]:
        """The outputs that a job gets which requests none."""
        return tuple(output for output in self.outputs if not output.on_request)

    def outputs_named(self, names: Iterable[str]) -> tuple[Output, ...]:
        """The outputs of these names, in the order of the names.

        Raises:
            KeyError: there is no such output.
        """
        by_name = {output.name: output for output in self.outputs}
        return tuple(by_name[name] for name in names)


#: The signature of the article's models, and of every card that names none.
SENTIMENT = Signature(
    inputs=(Input(name=TEXT),),
    outputs=(Output(name=SCORE, meaning="score", minimum=0, maximum=1),),
)
