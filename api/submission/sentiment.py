"""`/apitest` and `/sentiment`: the two addresses of the article that Scorelane began with."""

from flask import Blueprint, Response, request

from api.requests.options import RowOptions, parameters_of, row_options
from api.schema.describe import OF_QUESTIONS, Answer, Content, describes, json
from api.schema.row_types import JSON_ROWS, Row
from api.services import current_services
from api.submission.questions import MODEL_HEADER
from api.submission.scored_rows import scored_rows
from shared.errors.input import TakesColumns
from shared.model import SCORE

blueprint = Blueprint("article", __name__)


@blueprint.get("/apitest")
@describes(
    {200: Answer("The API works.", (Content("text/html", {"type": "string"}, "API working"),))}
)
def apitest() -> str:
    """Say that the API works."""
    return "API working"


@blueprint.post("/sentiment")
@describes(
    {
        200: Answer(
            "The rows with their scores.", json(list[Row], [{"ref": 1, SCORE: 0.83}]), MODEL_HEADER
        )
    },
    refused=OF_QUESTIONS,
    parameters=parameters_of(RowOptions),
    body=JSON_ROWS,
)
def sentiment() -> Response:
    """Score a few rows while the client waits, and return them in the same order.

    The model must take one text for each row; `POST /score` scores the rows of any model. Nothing
    is recorded. Refs keep the type that they were sent with.
    """
    at = current_services()
    options = row_options(request.args)
    card = at.model(options.model).card
    if not card.signature.takes_text:
        columns = ", ".join(one.name for one in card.signature.inputs)
        raise TakesColumns(model=card.name, columns=columns)
    with at.body_memory.reserving() as memory:
        return scored_rows(at, request, memory, options, card.signature)
