"""`/v2`: the Open Inference Protocol."""

from typing import Annotated, Any, NotRequired

from flask import Blueprint, Response, jsonify, request
from pydantic import Field
from typing_extensions import TypedDict

from api.inference.answers import Table, answered, refuse_errors, served_in_path
from api.inference.bodies import read_tensors
from api.inference.open_inference import (
    answer_of,
    check_request,
    model_metadata,
    names_of_outputs,
    rows_of,
    server_metadata,
)
from api.operations.health import readyz
from api.release import release
from api.requests.columns import chosen_outputs
from api.schema.describe import OF_A_MODEL, OF_QUESTIONS, Answer, Content, describes, json
from api.services import current_services
from shared.errors.base import ScorelaneError
from shared.errors.input import BadInferenceBody, RowErrors, UnknownOption
from shared.errors.service import Draining, ModelsLoading, NoModelYet, NoSuchModel, NoWorker

blueprint = Blueprint("open_inference", __name__)


class ServerMetadata(TypedDict):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(TypedDict):
    """A tensor that a model takes or gives."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(TypedDict):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ModelReady(TypedDict):
    """Whether a model can score."""

    name: str
    ready: bool


class Tensor(TypedDict):
    """A column."""

    name: str
    shape: Annotated[list[int], Field(description="[n], or [n, 1].")]
    datatype: str
    parameters: NotRequired[dict[str, Any]]
    data: list[Any]


class InferenceRequest(TypedDict):
    """A tensor for each input of the model."""

    inputs: list[Tensor]
    outputs: NotRequired[list[dict[str, Any]]]
    id: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]


class InferenceResponse(TypedDict):
    """A tensor for each output."""

    model_name: str
    model_version: str
    id: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]
    outputs: list[Tensor]


_AGE: Tensor = {"name": "age", "shape": [1], "datatype": "FP64", "data": [22.0]}
_PROBABILITY: Tensor = {
    "name": "probability_yes",
    "shape": [1],
    "datatype": "FP64",
    "data": [0.12],
}
_NOT_FOUND: tuple[type[ScorelaneError], ...] = (NoSuchModel, *OF_A_MODEL)
_NOT_READY = (NoModelYet, ModelsLoading, Draining)
_MODEL, _VERSION = "/v2/models/<name>", "/v2/models/<name>/versions/<version>"


@blueprint.get("/v2")
@describes({200: Answer("The server.", json(ServerMetadata))})
def server() -> dict[str, Any]:
    """What the server is, in the Open Inference Protocol."""
    return server_metadata(release())


@blueprint.get("/v2/health/live")
@describes({200: Answer("It answers.", json({"type": "object"}, {"live": True}))})
def live() -> dict[str, bool]:
    """The same as `/livez`."""
    return {"live": True}


@blueprint.get("/v2/health/ready")
@describes({200: Answer("It can.", json({"type": "object"}, {"ready": True}))}, refused=_NOT_READY)
def ready() -> dict[str, bool]:
    """Whether this replica can take requests: `/readyz`."""
    readyz()
    return {"ready": True}


@blueprint.get(_MODEL, endpoint="model")
@blueprint.get(_VERSION, endpoint="model_version")
@describes({200: Answer("The model.", json(ModelMetadata))}, refused=(*_NOT_FOUND, NoModelYet))
def model(name: str, version: str | None = None) -> dict[str, Any]:
    """The tensors that a model takes and gives.

    Some outputs may be given only if the request names them.
    """
    return model_metadata(served_in_path(current_services(), _ref(name, version)).card)


@blueprint.get(f"{_MODEL}/ready", endpoint="model_ready")
@blueprint.get(f"{_VERSION}/ready", endpoint="model_version_ready")
@describes({200: Answer("It can.", json(ModelReady))}, refused=(*_NOT_FOUND, NoModelYet, NoWorker))
def model_ready(name: str, version: str | None = None) -> dict[str, Any]:
    """Whether a live process serves the model."""
    at = current_services()
    full_name = served_in_path(at, _ref(name, version)).card.full_name
    if not at.fleet.processes(full_name):
        raise NoWorker(model=full_name)
    return {"name": name, "ready": True}


@blueprint.post(f"{_MODEL}/infer", endpoint="infer")
@blueprint.post(f"{_VERSION}/infer", endpoint="infer_version")
@describes(
    {
        200: Answer(
            "The outputs.",
            json(
                InferenceResponse,
                {
                    "model_name": "titanic",
                    "model_version": "e5cff74e16d3",
                    "outputs": [_PROBABILITY],
                },
            ),
        )
    },
    refused=(*OF_QUESTIONS, BadInferenceBody, RowErrors, NoSuchModel),
    body=(Content("application/json", InferenceRequest, {"inputs": [_AGE]}),),
)
def infer(name: str, version: str | None = None) -> Response:
    """Score rows with a model, by the Open Inference Protocol.

    The request has a tensor of shape [n] or [n, 1] for each input. If a row cannot be scored, the
    request is refused. Tensors may be sent as binary data; they come back as JSON.
    """
    at = current_services()
    for option in request.args:
        raise UnknownOption(option=option[:80], options="none; outputs are named in the body")
    ref = _ref(name, version)
    served = served_in_path(at, ref)
    signature = served.card.signature
    with at.body_memory.reserving() as memory:
        body = read_tensors(at, request, memory)
        check_request(body, served.card, ref)
        outputs = chosen_outputs(signature, names_of_outputs(body))
        table = Table(rows_of(body, signature.inputs))
        card, records = answered(at, served, table, outputs, ref)
        refuse_errors([record["error"] for record in records], "Send the others without it.")
        return jsonify(answer_of(card, body, outputs, records))


def _ref(name: str, version: str | None) -> str:
    """The model that a path names: it may also have an alias in the place of the version."""
    return name if version is None else f"{name}@{version}"
