"""`POST /score`: the JSON rows of any model, scored while the client waits."""

from flask import Blueprint, Response, request

from api.requests.options import RowOptions, parameters_of, row_options
from api.schema.describe import OF_QUESTIONS, Answer, describes, json
from api.schema.row_types import ANY_JSON_ROWS, SCORED_ROW
from api.services import current_services
from api.submission.questions import MODEL_HEADER
from api.submission.scored_rows import scored_rows

blueprint = Blueprint("scoring", __name__)

_EXAMPLE = [{"ref": 1, "label": "no", "probability_no": 0.88, "probability_yes": 0.12}]


@blueprint.post("/score")
@describes(
    {
        200: Answer(
            "The rows with their outputs.",
            json({"type": "array", "items": SCORED_ROW}, _EXAMPLE),
            MODEL_HEADER,
        )
    },
    refused=OF_QUESTIONS,
    parameters=parameters_of(RowOptions),
    body=ANY_JSON_ROWS,
)
def score() -> Response:
    """Score a few rows of any model while the client waits, and return them in the same order.

    Nothing is recorded. A row that cannot be scored has an `error`, and null for each output. Refs
    keep the type that they were sent with.
    """
    at = current_services()
    options = row_options(request.args)
    with at.body_memory.reserving() as memory:
        signature = at.model(options.model).card.signature
        return scored_rows(at, request, memory, options, signature)
