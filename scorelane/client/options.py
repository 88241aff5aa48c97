"""The options of a job, as keywords of the client."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict


class RetryOptions(TypedDict, total=False):
    """The terms of a job, which may be others when it is done again."""

    #: rows with an error: `skip`, `fail`, or the share of them above which the job fails
    on_error: str | float | None
    labels: Mapping[str, str] | None  #: to find the job by: `{"team": "growth"}`
    retention_seconds: int | None  #: how long the job is kept after its end


class JobOptions(RetryOptions, total=False):
    """How the rows of a job are to be read and scored. What is None is left to the service."""

    model: str | None  #: a model's name
    text_column: str | None  #: the column of the texts, if it is not `text`
    ref_column: str | None  #: the column of the references, if it is not `ref`
    delimiter: str | None  #: what stands between the cells of a CSV: `;`, or `tab`
    charset: str | None  #: of the text, if it is not UTF-8: `latin-1`
    #: those that come back with the results: names, or `all`; as one text with commas between them
    columns: str | Sequence[str] | None
    format: Literal["csv", "ndjson", "parquet"] | None  #: what the results are kept in
    callback_url: str | None  #: where the end of the job is told


def params_of(options: JobOptions) -> dict[str, Any]:
    """The options as the service takes them, in the query."""
    params: dict[str, Any] = {name: one for name, one in options.items() if one is not None}
    labels, columns = params.pop("labels", {}), carried(options)
    params.pop("columns", None)
    if labels:
        params["label"] = [f"{key}:{value}" for key, value in labels.items()]
    if columns != []:
        params["columns"] = "all" if columns is None else _line(columns)
    return params


def carried(options: JobOptions) -> list[str] | None:
    """The columns that come back with the results; None: all."""
    columns = options.get("columns") or []
    if not isinstance(columns, str):
        return list(columns)
    return None if columns == "all" else next(csv.reader([columns], skipinitialspace=True))


def _line(names: list[str]) -> str:
    line = io.StringIO()
    # With quotes a column may also be called `all`.
    csv.writer(line, lineterminator="", quoting=csv.QUOTE_ALL).writerow(names)
    return line.getvalue()
