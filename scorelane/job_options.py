"""The options of a job, as keywords of the client."""

from collections.abc import Mapping
from typing import Any, TypedDict


class JobOptions(TypedDict, total=False):
    """How the rows of a job are to be read and scored. What is None is left to the service."""

    model: str | None  #: a model's name
    text_column: str | None  #: the column of the texts, if it is not `text`
    ref_column: str | None  #: the column of the references, if it is not `ref`
    delimiter: str | None  #: what stands between the cells of a CSV: `;`, or `tab`
    charset: str | None  #: of the text, if it is not UTF-8: `latin-1`
    #: rows with an error: `skip`, `fail`, or the share of them above which the job fails
    on_error: str | float | None
    labels: Mapping[str, str] | None  #: to find the job by: `{"team": "growth"}`
    retention_seconds: int | None  #: how long the job is kept after its end


def params_of(options: JobOptions) -> dict[str, Any]:
    """The options as the service takes them, in the query."""
    params: dict[str, Any] = {name: one for name, one in options.items() if one is not None}
    if labels := params.pop("labels", None):
        params["label"] = [f"{key}:{value}" for key, value in labels.items()]
    return params
