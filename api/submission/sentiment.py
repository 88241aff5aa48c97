"""The two addresses of the article that Scorelane descends from: test, and score at once."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from api.requests.limits import BULK_ADVICE
from api.requests.options import RowOptions, parameters_of, row_options
from api.schema.describe import OF_ROWS, Answer, Content, describes, json
from api.schema.row_types import JSON_ROWS, Row
from api.services import services
from api.submission.intake import read_json
from api.uploads.json_rows import json_rows
from shared.errors.service import NoAnswerInTime, NoWorker, TooLarge
from shared.model import SCORE
from shared.tables.csv_results import parse
from shared.tables.stored_rows import write_rows

blueprint = Blueprint("article", __name__)


@blueprint.get("/apitest")
@describes({200: Answer("It works.", (Content("text/html", {"type": "string"}, "API working"),))})
def apitest() -> str:
    """Say that the API works."""
    return "API working"


@blueprint.post("/sentiment")
@describes(
    {200: Answer("The rows with their scores.", json(list[Row], [{"ref": 1, SCORE: 0.83}]))},
    refused=(*OF_ROWS, NoWorker, NoAnswerInTime),
    parameters=parameters_of(RowOptions),
    body=JSON_ROWS,
)
def sentiment() -> Response:
    """Score a few rows while the client waits, and answer them in its order, refs as it sent them.

    The rows go by the doorbell, as those of any small job, but as a question: nothing is recorded.
    """
    at = services()
    options = row_options(request.args)
    served = at.model(options.model)
    pairs = json_rows(
        # Whatever the content type says: the article's reader does not look at it either.
        read_json(at, request),
        text_column=options.text_column,
        ref_column=options.ref_column,
    )
    if len(pairs) > at.settings.small_rows:
        limit = f"{at.settings.small_rows:,}"
        raise TooLarge(what="number of rows", limit=limit, unit="rows", advice=BULK_ADVICE)
    if not at.fleet.processes(served.card.full_name):
        # Waiting for one would hold a thread of the API, and a few dozen such requests all of them.
        raise NoWorker(model=served.card.full_name)
    result = at.sync_scorer.ask(served.card.full_name, write_rows(pairs), len(pairs))
    rows = []
    for number, ((ref, _), row) in enumerate(zip(pairs, parse(result), strict=True), 1):
        answer: dict[str, Any] = {"ref": number if ref is None else ref, SCORE: row[SCORE]}
        if row["error"]:
            answer["error"] = row["error"]
        rows.append(answer)
    return jsonify(rows)
