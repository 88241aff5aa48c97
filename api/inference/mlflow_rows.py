"""The requests and answers of MLflow's scoring server: from a body to rows, from rows to a body.

MLflow 2 and 3 have the same forms; what they hold was compared with `mlflow.pyfunc.scoring_server`.
"""

from collections.abc import Sequence
from typing import Any

from api.uploads.columns import InputColumns
from api.uploads.json_rows import Row, json_rows
from shared.errors.input import BadInferenceBody, NotRows
from shared.signature import Output
from shared.tables.json_values import kind_of

PROTOCOL = "MLflow's scoring server"

#: The fields of a body that may hold its rows.
FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def rows_of(body: Any, where: InputColumns) -> list[Row]:
    """The rows of a JSON body.

    Values without names, as of a NumPy array, are the inputs in the order of the signature, and
    there must be one for each. Columns that the model does not take are ignored.

    Args:
        body: the parsed body.
        where: in which columns the inputs are, in the order of the signature.

    Raises:
        shared.errors.input.BadInferenceBody: the body is in none of the forms.
        shared.errors.input.BadInput: the rows in it cannot be used, see `json_rows`.
    """
    form = _form_of(body)
    value = body[form]
    if form == "dataframe_split":
        columns, value = _split(value)
        if columns is None:
            return _by_position(value, form, where)
        return _named(columns, form, where)
    if form == "dataframe_records" or isinstance(value, dict):
        if form != "inputs" and not isinstance(value, list):
            raise _bad(f"'{form}' is {kind_of(value)} and no list")
        return _named(value if isinstance(value, list) else _flat(value), form, where)
    if not isinstance(value, list):
        # One value is one row, as MLflow has it.
        value = [value]
    if value and all(isinstance(row, dict) for row in value):
        return _named(value, form, where)
    return _by_position(value, form, where)


def predictions(
    records: Sequence[dict[str, Any]], outputs: Sequence[Output], *, with_errors: bool = False
) -> list[Any]:
    """The `predictions` of an answer.

    Args:
        records: the outputs and the `error` of each row, by name.
        outputs: those that are answered.
        with_errors: whether every prediction is an object with its `error`.

    Returns:
        Objects, or the bare values if there is one output.
    """
    names = [one.name for one in outputs]
    if with_errors:
        names.append("error")
    elif len(names) == 1:
        return [record[names[0]] for record in records]
    return [{name: record[name] for name in names} for record in records]


def _form_of(body: Any) -> str:
    if not isinstance(body, dict):
        raise _bad(f"it is {kind_of(body)}; send an object with one of {', '.join(FORMS)}")
    if body.get("params"):
        raise _bad("the models here take no 'params'")
    found: list[str] = [name for name in body if name != "params"]
    if len(found) != 1 or found[0] not in FORMS:
        shown = ", ".join(name[:40] for name in found[:8]).encode("utf-8", "replace").decode()
        raise _bad(f"it has the fields {shown or 'none'}; send exactly one of {', '.join(FORMS)}")
    return found[0]


def _split(value: Any) -> tuple[dict[str, list[Any]] | None, list[Any]]:
    """The columns and the rows of `dataframe_split`; None: the columns have no names."""
    if not isinstance(value, dict):
        raise _bad(f"'dataframe_split' is {kind_of(value)} and no object")
    rows, names = value.get("data"), value.get("columns")
    if not isinstance(rows, list) or not value.keys() <= {"columns", "data", "index"}:
        raise _bad("'dataframe_split' must have a list 'data', and may have 'columns' and 'index'")
    if names is None:
        return None, rows
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad(
            "the 'columns' of 'dataframe_split' are not all strings; name the model's inputs"
        )
    if len(set(names)) < len(names):
        raise _bad("the 'columns' of 'dataframe_split' have a name twice")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(names):
            raise _bad(f"row {number:,} of 'dataframe_split' does not have {len(names)} values")
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}, rows


def _named(value: Any, form: str, where: InputColumns) -> list[Row]:
    try:
        return json_rows(value, where)
    except NotRows as error:
        raise _bad(f"'{form}' is {error.fields['found']}; it must hold rows") from None


def _flat(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns, of which those of shape [n, 1] become lists of values."""
    return {
        name: [cell[0] for cell in column]
        if isinstance(column, list) and all(type(one) is list and len(one) == 1 for one in column)
        else column
        for name, column in columns.items()
    }


def _by_position(rows: list[Any], form: str, where: InputColumns) -> list[Row]:
    wanted = len(where.inputs)
    if wanted == 1:
        rows = [row if isinstance(row, list) else [row] for row in rows]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list):
            columns = ", ".join(where.inputs)
            raise _bad(f"row {number:,} of '{form}' is {kind_of(row)}; the model takes {columns}")
        if len(row) != wanted:
            raise _bad(
                f"row {number:,} of '{form}' has {len(row)} values; the model takes {wanted}"
            )
    # By name from here on: also an empty list is refused as everywhere.
    return _named([dict(zip(where.inputs, row, strict=True)) for row in rows], form, where)


def _bad(reason: str) -> BadInferenceBody:
    return BadInferenceBody(protocol=PROTOCOL, reason=reason)
