"""The columns that a model takes, and those that it gives, as `GET /models` names them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

SCORE = "Sentiment_Score"


@dataclass(frozen=True)
class Column:
    """An input or an output of a model.

    Attributes:
        type: `string`, `double`, `long`, `boolean` or `datetime`.
        required: whether each row must have a value; of an input.
        on_request: whether a job gets it only if it asks for it; of an output.
    """

    name: str
    type: str
    required: bool = True
    on_request: bool = False

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Build a column from the API's JSON."""
        return cls(
            str(body["name"]),
            str(body["type"]),
            required=bool(body.get("required", True)),
            on_request=bool(body.get("on_request", False)),
        )


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives, each in order."""

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]

    @classmethod
    def from_json(cls, model: Mapping[str, Any]) -> "Signature":
        """Build a signature from a model in the API's JSON; an older service names no columns."""
        if not model.get("inputs"):
            return SENTIMENT
        inputs, outputs = (tuple(map(Column.from_json, model[key])) for key in _KEYS)
        return cls(inputs, outputs)

    @property
    def takes_text(self) -> bool:
        """Whether the model takes one text for each row, and nothing else."""
        return [(one.type, one.required) for one in self.inputs] == [("string", True)]

    def chosen_outputs(self, names: Iterable[str] | None) -> list[Column]:
        """The outputs of a job.

        Args:
            names: those that it asks for; none: those that need no request; None: all.
        """
        wanted = None if names is None else list(names)
        if wanted is None:
            return list(self.outputs)
        by_name = {one.name: one for one in self.outputs}
        # The service refuses a name that it does not know.
        named = [by_name[name] for name in wanted if name in by_name]
        return named if wanted else [one for one in self.outputs if not one.on_request]


_KEYS = ("inputs", "outputs")

#: The signature of models of texts, which is assumed where no other is known.
SENTIMENT = Signature((Column("text", "string"),), (Column(SCORE, "double"),))


def signatures_of(
    models: Iterable[Mapping[str, Any]], versions: Iterable[Mapping[str, Any]] = ()
) -> dict[str | None, Signature]:
    """The signatures of models by their names, and under None that of jobs that name no model.

    A version is there as `name@version` and, for each of its aliases, as `name@alias`.

    Args:
        models: the models in the API's JSON.
        versions: all versions of them.
    """
    found: dict[str | None, Signature] = {}
    listed = list(models)
    for model in listed:
        found[str(model["name"])] = Signature.from_json(model)
        if model["default"] or len(listed) == 1:
            found[None] = found[str(model["name"])]
    for one in versions:
        for word in (one["version"], *one["aliases"]):
            found[f"{one['name']}@{word}"] = Signature.from_json(one)
    return found


def named(signatures: Mapping[str | None, Signature], model: str) -> Signature | None:
    """The signature of a model as a request names it; None: there is no such model or version.

    The beginning of a version stands for it, as for the service, which refuses what is ambiguous.
    """
    if model in signatures or "@" not in model:
        return signatures.get(model)
    return next((signatures[one] for one in signatures if one and one.startswith(model)), None)
