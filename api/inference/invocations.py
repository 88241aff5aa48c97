"""`/invocations` and the other addresses of MLflow's scoring server."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from api.inference.answers import Table, answered, refuse_errors, served_in_path, table_of
from api.inference.bodies import read_values
from api.inference.csv_rows import csv_rows, memory_of_csv
from api.inference.invocation_options import (
    PARAMETERS,
    InvocationOptions,
    invocation_options,
)
from api.inference.mlflow_rows import FORMS, PROTOCOL, predictions, rows_of
from api.operations.health import readyz
from api.process.body_memory import Reservation
from api.release import release
from api.requests.body import chunks_of
from api.requests.columns import chosen_outputs, input_columns
from api.requests.json_body import read_whole
from api.requests.limits import BULK_ADVICE
from api.schema.describe import OF_QUESTIONS, Answer, Content, describes, json
from api.services import Services, current_services
from api.submission.questions import MODEL_HEADER, with_model
from api.uploads.charsets import to_utf8
from api.uploads.columns import InputColumns
from shared.errors.input import BadInferenceBody, BadOption, RowErrors
from shared.errors.service import (
    Draining,
    ModelsLoading,
    NoModelYet,
    NoSuchModel,
    UnsupportedFormat,
)
from shared.fleet import Served

blueprint = Blueprint("mlflow", __name__)

_CSV, _JSON = "text/csv", "application/json"
_REFUSED = (*OF_QUESTIONS, BadInferenceBody, RowErrors, UnsupportedFormat)
_BODY = (
    Content(
        _JSON,
        {
            "type": "object",
            "description": f"One of {', '.join(FORMS)}, as MLflow's clients send them.",
            "properties": {
                "dataframe_split": {"type": "object"},
                "dataframe_records": {"type": "array"},
                "instances": {"type": "array"},
                "inputs": {},
                "params": {"type": "object", "maxProperties": 0},
            },
        },
    ),
    Content(_CSV, {"type": "string", "description": "With a header and commas, in UTF-8."}),
)
_ANSWERS = {
    200: Answer(
        "The predictions, one for each row.",
        json(
            {
                "type": "object",
                "properties": {
                    "predictions": {
                        "type": "array",
                        "description": "Objects of the outputs, or bare values if there is one.",
                    }
                },
                "required": ["predictions"],
            },
            {"predictions": [{"label": "no", "probability_no": 0.88, "probability_yes": 0.12}]},
        ),
        MODEL_HEADER,
    )
}
_ADVICE = "With ?errors=rows every prediction is an object, with an error of its own."


@blueprint.post("/invocations")
@describes(_ANSWERS, refused=_REFUSED, parameters=PARAMETERS, body=_BODY)
def invocations() -> Response:
    """Score rows as MLflow's scoring server does.

    `model` names the model. If a row cannot be scored, the request is refused, as by MLflow; but
    with `errors=rows` every prediction is an object with an `error`.
    """
    at, options = current_services(), invocation_options(request.args)
    return _answer(at, at.model(options.model), options, options.model)


@blueprint.post("/models/<name>/invocations")
@describes(_ANSWERS, refused=(*_REFUSED, NoSuchModel), parameters=PARAMETERS, body=_BODY)
def model_invocations(name: str) -> Response:
    """Score rows with a model, as MLflow's scoring server does.

    The same as `POST /invocations`, for clients whose address cannot have a query.
    """
    at, options = current_services(), invocation_options(request.args)
    if options.model not in (None, name):
        reason = "the path names another model"
        raise BadOption(option="model", value=str(options.model)[:80], reason=reason)
    return _answer(at, served_in_path(at, name), options, name)


@blueprint.get("/ping")
@describes(
    {200: Answer("It can.", (Content("text/plain", {"type": "string"}),))},
    refused=(NoModelYet, ModelsLoading, Draining),
)
def ping() -> Response:
    """Whether this replica can take requests: `/readyz`, as MLflow's clients ask for it."""
    readyz()
    return Response("\n", mimetype="text/plain")


@blueprint.get("/health")
@describes(
    {200: Answer("It can.", (Content("text/plain", {"type": "string"}),))},
    refused=(NoModelYet, ModelsLoading, Draining),
)
def health() -> Response:
    """The same as `/ping`."""
    return ping()


@blueprint.get("/version")
@describes({200: Answer("The version.", (Content("text/plain", {"type": "string"}, "0.1.0"),))})
def version() -> Response:
    """The version of Scorelane, where MLflow's server has that of MLflow."""
    return Response(release(), mimetype="text/plain")


def _answer(at: Services, served: Served, options: InvocationOptions, ref: str | None) -> Response:
    signature = served.card.signature
    where, outputs = input_columns(signature, options), chosen_outputs(signature, options.outputs)
    with_errors = options.errors == "rows"
    with at.body_memory.reserving() as memory:
        table = _table(at, served, where, memory)
        if not with_errors and table.errors:
            # Before the other rows are scored for nothing.
            refuse_errors(table.error_of_each, _ADVICE)
        card, records = answered(at, served, table, outputs, ref)
        if not with_errors:
            refuse_errors([record["error"] for record in records], _ADVICE)
        found: dict[str, Any] = {
            "predictions": predictions(records, outputs, with_errors=with_errors)
        }
        return with_model(jsonify(found), card)


def _table(at: Services, served: Served, where: InputColumns, memory: Reservation) -> Table:
    match request.mimetype:
        case "application/json":
            return Table(rows_of(read_values(at, request, memory, PROTOCOL), where))
        case "text/csv":
            chunks = to_utf8(chunks_of(request), request.mimetype_params.get("charset"))
            most = at.settings.max_json_bytes
            body = read_whole(most, chunks, request.content_length, memory, "CSV")
            memory.raise_to(memory_of_csv(body), BULK_ADVICE)
            inputs = served.card.signature.inputs
            return table_of(csv_rows(body, where, inputs, at.settings), inputs)
        case found:
            raise UnsupportedFormat(found=found or "none", supported=f"{_JSON} or {_CSV}")
