"""`/apitest` and `/sentiment`: the two addresses of the article that Scorelane began with."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from api.process.body_memory import Reservation
from api.requests.limits import BULK_ADVICE
from api.requests.options import RowOptions, parameters_of, row_options
from api.schema.describe import OF_ROWS, Answer, Content, describes, json
from api.schema.row_types import JSON_ROWS, Row
from api.services import Services, current_services
from api.submission.intake import read_json_rows
from api.uploads.json_rows import json_rows
from shared.errors.service import NoAnswerInTime, NoWorker, QuestionsFull, TooLarge
from shared.model import SCORE
from shared.tables.csv_results import parse
from shared.tables.stored_rows import json_text, write_rows

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
    served = at.model(options.model)
    rows = json_rows(
        # Whatever the content type is: the article's client may send another one.
        read_json_rows(at, request, memory, _COPIES),
        text_column=options.text_column,
        ref_column=options.ref_column,
    )
    if len(rows) > at.settings.small_rows:
        limit = f"{at.settings.small_rows:,}"
        raise TooLarge(what="number of rows", limit=limit, unit="rows", advice=BULK_ADVICE)
    if not at.fleet.processes(served.card.full_name):
        # Perhaps workers have announced another version of it since; the fleet looked again.
        served = at.model(options.model)
    if not at.fleet.processes(served.card.full_name):
        # A wait would hold a thread of the API; a few dozen such requests would hold them all.
        raise NoWorker(model=served.card.full_name)
    refs, count = [ref for ref, _ in rows], len(rows)
    # Without the refs, which are not needed there; the texts are not needed here any more.
    lines = write_rows([(None, text) for _, text in rows])
    del rows
    result = at.sync_scorer.ask(served.card.full_name, lines, count)
    answer = []
    for number, (ref, scored) in enumerate(zip(refs, parse(result), strict=True), 1):
        row: dict[str, Any] = {"ref": number if ref is None else ref, SCORE: scored[SCORE]}
        if scored["error"]:
            row["error"] = scored["error"]
        answer.append(row)
    if {type(row["ref"]) for row in answer} <= {str, int}:
        return jsonify(answer)
    # `jsonify` would write the ref 1.10 as 1.1.
    text = json_text(answer, item_separator=",", key_separator=":")
    return Response(f"{text}\n", mimetype="application/json")
