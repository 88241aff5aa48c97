"""The options of a job, as keywords of the client."""

from typing import Any, TypedDict


class JobOptions(TypedDict, total=False):
    """How the rows of a job are to be read and scored. What is None is left to the service."""

    model: str | None  #: a model's name
    text_column: str | None  #: the column of the texts, if it is not `text`
    ref_column: str | None  #: the column of the references, if it is not `ref`
    delimiter: str | None  #: what stands between the cells of a CSV: `;`, or `tab`
    charset: str | None  #: of the text, if it is not UTF-8: `latin-1`


def params_of(options: JobOptions) -> dict[str, Any]:
    """The options as the service takes them, in the query."""
    return {name: value for name, value in options.items() if value is not None}
