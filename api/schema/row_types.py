"""Rows as they come in and go out in JSON, for the document."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from api.schema.describe import Content

Cell = Annotated[Any, Field(description="Any JSON value; it comes back as it was sent.")]
Score = Annotated[float, Field(ge=0, le=1)]


class Row(TypedDict):
    """A row that was scored: it has a score, or an error."""

    ref: Cell
    Sentiment_Score: Score | None
    error: NotRequired[str | None]


class Record(TypedDict):
    """A row that is sent."""

    text: Annotated[Any, Field(description="What is no string is an error in its row.")]
    ref: NotRequired[Cell]


class Columns(TypedDict):
    """Rows that are sent as columns, all of one length."""

    text: list[Any]
    ref: NotRequired[list[Cell]]


#: The rows of a request in JSON.
JSON_ROWS = (
    Content(
        "application/json",
        Columns | Record | Annotated[list[Record], Field(min_length=1)],
        {"ref": [1], "text": ["I am well"]},
    ),
)
