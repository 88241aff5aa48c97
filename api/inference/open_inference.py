"""The requests and answers of the Open Inference Protocol (V2), as pure functions.

Its specification: github.com/kserve/open-inference-protocol. The content types of tensors are those
of MLServer's codecs.
"""

from collections.abc import Sequence
from typing import Any

from api.inference.binary_tensors import EXTENSION
from api.inference.tensors import cells_of, refused
from api.uploads.json_rows import Row
from shared.card import Card
from shared.errors.input import NoRows
from shared.signature import INFERENCE_TYPES, Input, Output
from shared.tables.json_values import kind_of

#: KServe's client repeats the model, which the path names.
_FIELDS = frozenset(("id", "parameters", "inputs", "outputs", "model_name", "model_version"))

#: What a request may say of itself, or of an output. Other parameters would ask for something that
#: is not there, such as a sequence or classes.
_PARAMETERS = frozenset(
    ("content_type", "headers", "binary_data", "binary_data_output", "priority", "timeout")
)

#: The content types of a whole request, which change nothing here: MLServer's codecs for frames,
#: arrays and texts.
_REQUEST_TYPES = (None, "pd", "np", "str")


def server_metadata(release: str) -> dict[str, Any]:
    """The answer of `GET /v2`."""
    return {"name": "scorelane", "version": release, "extensions": [EXTENSION]}


def model_metadata(card: Card) -> dict[str, Any]:
    """The answer of `GET /v2/models/<name>`: all outputs, also those that a request must name."""

    def tensors(columns: Sequence[Input] | Sequence[Output]) -> list[dict[str, Any]]:
        return [
            {"name": one.name, "datatype": INFERENCE_TYPES[one.type], "shape": [-1]}
            for one in columns
        ]

    return {
        "name": card.name,
        "versions": [card.version],
        "platform": f"scorelane_{card.format}",
        "inputs": tensors(card.signature.inputs),
        "outputs": tensors(card.signature.outputs),
    }


def check_request(body: Any, card: Card, ref: str) -> None:
    """Check a body, but for its tensors.

    Args:
        body: the parsed body.
        card: of the model that the path names.
        ref: the name of the model in the path; a client may repeat it.

    Raises:
        shared.errors.input.BadInferenceBody: it is not one of the protocol, or asks for more than
            there is here.
    """
    if not isinstance(body, dict):
        raise refused(f"it is {kind_of(body)} and no object")
    if odd := sorted(body.keys() - _FIELDS):
        raise refused(f"it has an unknown field {_shown(odd[0])}")
    name, _, version = ref.partition("@")
    for field, own, also in (
        ("model_name", card.name, (name, ref)),
        ("model_version", card.version, (version,)),
    ):
        if body.get(field) not in (None, own, *also):
            raise refused(f"its {field} is {_shown(body[field])}, and the path names {own}")
    if not isinstance(body.get("id"), str | None):
        raise refused(f"its 'id' is {kind_of(body['id'])} and no string")
    _check_parameters(body, "the request")
    if (content := (body.get("parameters") or {}).get("content_type")) not in _REQUEST_TYPES:
        known = ", ".join(one for one in _REQUEST_TYPES if one)
        raise refused(f"its content_type is {_shown(content)}; there are {known}")


def names_of_outputs(body: dict[str, Any]) -> tuple[str, ...]:
    """The names of the outputs that a request asks for; none: the default.

    Raises:
        shared.errors.input.BadInferenceBody: they are malformed.
    """
    names = []
    for output in _objects(body.get("outputs") or [], "outputs"):
        name = output.get("name")
        if not isinstance(name, str) or name in names:
            raise refused("each of its 'outputs' needs a 'name' of its own")
        _check_parameters(output, f"the output {_shown(name)}")
        names.append(name)
    return tuple(names)


def rows_of(body: dict[str, Any], inputs: Sequence[Input]) -> list[Row]:
    """The rows of a request: a tensor for each input of the model; further ones are ignored.

    Raises:
        shared.errors.input.BadInferenceBody: a tensor is missing or malformed, or they differ in
            length.
        shared.errors.input.NoRows: they have no row.
    """
    tensors: dict[Any, dict[str, Any]] = {}
    for tensor in _objects(body.get("inputs"), "inputs"):
        name = tensor.get("name")
        if not isinstance(name, str) or name in tensors:
            raise refused("each of its 'inputs' needs a 'name' of its own")
        tensors[name] = tensor
    if missing := [one.name for one in inputs if one.name not in tensors]:
        names, found = "', '".join(missing), ", ".join(map(_shown, list(tensors)[:50])) or "none"
        raise refused(f"there is no input '{names}'; found {found}. Send a tensor for each input")
    cells = [cells_of(tensors[one.name], one) for one in inputs]
    if len(set(map(len, cells))) > 1:
        lengths = ", ".join(
            f"{one.name} has {len(column):,}" for one, column in zip(inputs, cells, strict=True)
        )
        raise refused(f"its inputs differ in length: {lengths}")
    if not cells[0]:
        raise NoRows(what="its tensors hold no row")
    return [(None, *row) for row in zip(*cells, strict=True)]


def answer_of(
    card: Card, body: dict[str, Any], outputs: Sequence[Output], records: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The answer to a request whose rows all have outputs.

    Args:
        card: of the model that scored them.
        body: of the request.
        outputs: those that are answered.
        records: the outputs of each row, by name.
    """
    found: dict[str, Any] = {"model_name": card.name, "model_version": card.version}
    if body.get("id") is not None:
        found["id"] = body["id"]
    if (body.get("parameters") or {}).get("content_type") == "pd":
        found["parameters"] = {"content_type": "pd"}
    found["outputs"] = [_tensor(one, [record[one.name] for record in records]) for one in outputs]
    return found


def _tensor(output: Output, data: list[Any]) -> dict[str, Any]:
    tensor: dict[str, Any] = {
        "name": output.name,
        "shape": [len(data)],
        "datatype": INFERENCE_TYPES[output.type],
    }
    if output.type == "string":
        # Without it MLServer's clients take the texts for bytes.
        tensor["parameters"] = {"content_type": "str"}
    return tensor | {"data": data}


def _objects(value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise refused(f"its '{what}' are no list of objects")
    return value


def _check_parameters(value: dict[str, Any], what: str) -> None:
    parameters = value.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise refused(f"the 'parameters' of {what} are {kind_of(parameters)} and no object")
    if odd := sorted(parameters.keys() - _PARAMETERS):
        raise refused(f"the models here take no parameter {_shown(odd[0])}")


def _shown(name: Any) -> str:
    text = str(name)[:80].encode("utf-8", "backslashreplace").decode()
    return f"'{text}'"
