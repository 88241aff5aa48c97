"""The types of rows in JSON, in requests and in responses."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from api.schema.describe import Content, Schema
from api.uploads.formats import ADDRESSES

Cell = Annotated[Any, Field(description="Any JSON value; the results carry it unchanged.")]
Score = Annotated[float, Field(ge=0, le=1)]


class Row(TypedDict):
    """A row of the results: it has either the outputs of the model or an error.

    The outputs are those that `GET /models` names; most models of texts have `Sentiment_Score`.
    """

    ref: Cell
    Sentiment_Score: NotRequired[Score | None]
    error: NotRequired[str | None]


class Record(TypedDict):
    """A row of a request: the inputs that `GET /models` names; most models take `text`."""

    text: Annotated[Any, Field(description="A string; any other value is an error of this row.")]
    ref: NotRequired[Cell]


class Columns(TypedDict):
    """The rows of a request as columns, all of the same length."""

    text: list[Any]
    ref: NotRequired[list[Cell]]


class Addresses(TypedDict):
    """The addresses of files that a job reads where they are, and its options."""

    input: Annotated[
        str | Annotated[list[str], Field(min_length=1, max_length=100)],
        Field(description="Files and folders: `s3://`, `gs://`, `az://` or `https://`."),
    ]
    output: NotRequired[
        Annotated[str | None, Field(description="The folder that gets the results.")]
    ]


#: The bodies of a request that sends rows as JSON, or the addresses of files.
JSON_ROWS_OR_ADDRESSES = (
    Content(
        "application/json",
        Columns | Record | Annotated[list[Record], Field(min_length=1)] | Addresses,
        {"ref": [1], "text": ["I am well"]},
    ),
    # Without an example: nobody's settings allow it.
    Content(ADDRESSES, Addresses),
)

#: The body of a request that sends rows as JSON.
JSON_ROWS = (
    Content(
        "application/json",
        Columns | Record | Annotated[list[Record], Field(min_length=1)],
        {"ref": [1], "text": ["I am well"]},
    ),
)


#: A row that was scored by any model, in an answer.
SCORED_ROW: Schema = {
    "type": "object",
    "description": "A row: its ref, the outputs of the model, and its error if it has one; then "
    "the outputs are null.",
    "properties": {"ref": {"description": "As it was sent."}, "error": {"type": "string"}},
    "required": ["ref"],
}

#: The body of a request that sends the rows of any model as JSON.
ANY_JSON_ROWS = (
    Content(
        "application/json",
        {
            "description": "Records, one record, or an object of columns of the same length; with "
            "the inputs of the model and, if you like, a ref.",
            "anyOf": [
                {"type": "array", "items": {"type": "object"}, "minItems": 1},
                {"type": "object", "minProperties": 1},
            ],
        },
        [{"ref": 1, "age": 22, "sex": "male", "class": 3}],
    ),
)
