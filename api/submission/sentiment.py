"""`/apitest` and `/sentiment`: the two addresses of the article that Scorelane began with."""

from flask import Blueprint, Response, jsonify, request

from api.process.body_memory import Reservation
from api.requests.columns import chosen_outputs, input_columns
from api.requests.options import RowOptions, parameters_of, row_options
from api.schema.describe import OF_ROWS, Answer, Content, describes, json
from api.schema.row_types import JSON_ROWS, Row
from api.services import Services, current_services
from api.submission.intake import read_json_rows
from api.submission.questions import ask, check_count, find_served
from api.uploads.json_rows import json_rows
from shared.errors.service import NoAnswerInTime, NoWorker, QuestionsFull
from shared.model import SCORE
from shared.tables.stored_rows import json_text

blueprint = Blueprint("article", __name__)

#: How many times a question is in memory on its way to Redis, or an answer, besides the values.
_COPIES = 4


@blueprint.get("/apitest")
@describes(
    {200: Answer("The API works.", (Content("text/html", {"type": "string"}, "API working"),))}
)
def apitest() -> str:
    """Say that the API works."""
    return "API working"


@blueprint.post("/sentiment")
@describes(
    {200: Answer("The rows with their scores.", json(list[Row], [{"ref": 1, SCORE: 0.83}]))},
    refused=(*OF_ROWS, NoWorker, NoAnswerInTime, QuestionsFull),
    parameters=parameters_of(RowOptions),
    body=JSON_ROWS,
)
def sentiment() -> Response:
    """Score a few rows while the client waits, and return them in the same order.

    The rows go through the doorbell like a small job, but as a question: nothing is recorded. Refs
    keep the type that they were sent with.
    """
    at = current_services()
    with at.body_memory.reserving() as memory:
        return _scored(at, memory)


def _scored(at: Services, memory: Reservation) -> Response:
    options = row_options(request.args)
    signature = at.model(options.model).card.signature
    where, outputs = input_columns(signature, options), chosen_outputs(signature, options.outputs)
    # Whatever the content type is: the article's client may send another one.
    rows = json_rows(read_json_rows(at, request, memory, _COPIES), where)
    check_count(at, rows)
    served = find_served(at, options.model)
    refs = [row[0] for row in rows]
    answer = []
    for number, (ref, scored) in enumerate(
        zip(refs, ask(at, served, rows, outputs), strict=True), 1
    ):
        error = scored.pop("error")
        row = scored | {"ref": number if ref is None else ref}
        if error:
            row["error"] = error
        answer.append(row)
    if {type(row["ref"]) for row in answer} <= {str, int}:
        return jsonify(answer)
    # `jsonify` would write the ref 1.10 as 1.1.
    text = json_text(answer, item_separator=",", key_separator=":")
    return Response(f"{text}\n", mimetype="application/json")
