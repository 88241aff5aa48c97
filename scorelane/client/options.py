"""The options of a job, as keyword arguments of the client's calls."""

import csv
import io
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from scorelane.client.signature import Column, Signature


class Terms(TypedDict, total=False):
    """What does not decide how rows are read or scored: a retry may change it."""

    #: what to do with rows that have an error: `skip`, `fail`, or the share of such rows (0..1)
    #: above which the job fails
    on_error: str | float | None
    #: among the jobs of the same owner: `high` gets four times as much of the workers as `normal`,
    #: and `low` a quarter
    priority: Literal["low", "normal", "high"] | None
    labels: Mapping[str, str] | None  #: to find the job by: `{"team": "growth"}`
    retention_seconds: int | None  #: how long the job is kept after its end


class RetryOptions(Terms, total=False):
    """What a retry may change. None: it stays as it was."""

    #: another version of the model, as `mine@3f2a` or `mine@champion`, which scores all rows again
    model: str | None


class RowOptions(TypedDict, total=False):
    """How the service reads rows, and what it gives for them. None: the service's default."""

    model: str | None  #: a model's name
    #: the column of the texts; default: `text`. A column of a DataFrame is named by its label,
    #: which need not be a string.
    text_column: Hashable | None
    ref_column: Hashable | None  #: the column of the references; default: `ref`
    #: the columns that have another name than the model's inputs: `{"Age": "age"}`
    rename: Mapping[str, str] | None
    #: the outputs of the model that the results have: their names, or `all`
    outputs: str | Sequence[str] | None


class JobOptions(Terms, RowOptions, total=False):
    """How the service reads and scores the rows of a job. None: the service's default."""

    #: two models that both score each row, in place of `model`: the first one's results, with a
    #: column of each output of the second
    models: str | Sequence[str] | None
    label_column: Hashable | None  #: with `models`: the column of the right values
    decimal: Literal["point", "comma"] | None  #: the decimal sign of numbers in a CSV
    delimiter: str | None  #: what separates the cells of a CSV: `;`, or `tab`
    charset: str | None  #: the encoding of the text, such as `latin-1`; default: UTF-8
    quoting: Literal["double", "none"] | None  #: `none`: a quote in a CSV is a character
    #: the columns to return with the results: their names, or `all`. A single string is read as
    #: comma-separated names.
    columns: Hashable | Sequence[Hashable] | None
    #: for each row, how many terms or columns to name that moved its score most (1 to 20), and by
    #: how much
    explain: int | None
    #: `none`: the service deletes the rows and results after their download; the receipt stays
    keep: Literal["all", "none"] | None
    format: Literal["csv", "ndjson", "parquet"] | None  #: the format that results are stored in
    reach: bool | None  #: also return what the model has read of each text
    callback_url: str | None  #: receives a request when the job has ended


def query_params(options: JobOptions | RowOptions) -> dict[str, Any]:
    """Convert the options to query parameters of `POST /jobs`."""
    params: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    labels, columns = params.pop("labels", {}), carried_columns(options)
    params.pop("columns", None)
    if labels:
        params["label"] = [f"{key}:{value}" for key, value in labels.items()]
    if rename := params.pop("rename", None):
        params["rename"] = _csv_line([f"{own}:{name}" for own, name in rename.items()])
    if outputs := params.pop("outputs", None):
        is_text = isinstance(outputs, str)
        params["outputs"] = outputs if is_text else _csv_line(list(outputs))
    if reach := params.pop("reach", None):
        params["reach"] = "true" if reach is True else reach
    if models := params.pop("models", None):
        params["models"] = models if isinstance(models, str) else _csv_line(list(models))
    if columns != []:
        params["columns"] = "all" if columns is None else _csv_line(list(map(str, columns)))
    for name in ("text_column", "ref_column", "label_column"):
        if name in params:
            params[name] = str(params[name])
    return params


def input_columns(options: JobOptions | RowOptions, signature: Signature) -> dict[Any, str]:
    """Return the labels of the columns that hold the inputs of a model, each with its type."""
    if (text_column := options.get("text_column")) is not None:
        return {text_column: "string"}
    own_names = {name: own for own, name in (options.get("rename") or {}).items()}
    return {own_names.get(one.name, one.name): one.type for one in signature.inputs}


def chosen_outputs(options: JobOptions | RowOptions) -> list[str] | None:
    """Return the names of the outputs that a job asks for; none: the model's own; None: all."""
    outputs = options.get("outputs") or []
    if isinstance(outputs, str):
        return None if outputs == "all" else next(csv.reader([outputs], skipinitialspace=True))
    return list(outputs)


def explained_columns(options: JobOptions | RowOptions) -> list[Column]:
    """Return the columns of the explanations that a job asks for, after its other outputs."""
    terms = options.get("explain")
    if not isinstance(terms, int):
        return []
    found = []
    for at in range(1, terms + 1):
        found += [Column(f"explanation_{at}", "string"), Column(f"effect_{at}", "double")]
    names = {"other_effects": "double", "base_value": "double", "explained_class": "string"}
    return found + [Column(name, kind) for name, kind in names.items()]


def carried_columns(options: JobOptions | RowOptions) -> list[Any] | None:
    """Return the labels of the columns that come back with the results; None: all columns."""
    columns, label = options.get("columns"), options.get("label_column")
    found: list[Any] = []
    if isinstance(columns, str) and columns:
        if columns == "all":
            return None
        found = next(csv.reader([columns], skipinitialspace=True))
    elif columns is not None and columns != "":
        found = list(columns) if isinstance(columns, Iterable) else [columns]
    return [*found, label] if label is not None and label not in found else found


def first_model(options: JobOptions | RowOptions) -> str | None:
    """Return the name of the model that decides what columns rows have; None: the default."""
    models: Any = options.get("models")
    if not models:
        return options.get("model")
    is_text = isinstance(models, str)
    return str((next(csv.reader([models], skipinitialspace=True)) if is_text else models)[0])


def _csv_line(names: list[str]) -> str:
    line = io.StringIO()
    # Quoted, so that a column named `all` is not taken for all columns.
    csv.writer(line, lineterminator="", quoting=csv.QUOTE_ALL).writerow(names)
    return line.getvalue()
