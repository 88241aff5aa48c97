"""Reads rows that were sent as a JSON body: columns or records, even inside of a JSON string."""

import json
from collections.abc import Iterable
from typing import Any

from api.uploads.columns import InputColumns
from shared.errors.input import (
    HalfCharacter,
    NoRows,
    NotJson,
    NotRows,
    UnequalColumns,
    UnequalLabels,
)
from shared.tables.json_values import check_writable, decode, kind_of

#: A row: the ref (None: the row was sent without one), the inputs, and the carried values.
Row = tuple[Any, ...]


def decode_body(body: bytes) -> str:
    """Decode a JSON body, in the encoding that its first bytes show.

    Raises:
        shared.errors.input.NotJson: it is not text.
    """
    try:
        return body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError as error:
        raise NotJson(reason=str(error)) from None


def parse_json(body: bytes) -> Any:
    """Decode and parse a JSON body, as `parse_text` does.

    Raises:
        shared.errors.input.NotJson: it is not JSON, or a number in it is too large.
    """
    return parse_text(decode_body(body))


def parse_text(text: str) -> Any:
    """Parse the text of a JSON body; it may hold halves of surrogate pairs, see `check_writable`.

    A body that is a JSON string which holds JSON is parsed a second time: the result of
    `requests.post(url, json=json.dumps(data))`, a common slip that the article's client makes too.

    Raises:
        shared.errors.input.NotJson: it is not JSON, or a number in it is too large.
    """
    try:
        value = decode(text)
        if isinstance(value, str):
            value = decode(value)
    except (ValueError, RecursionError) as error:
        # RecursionError is a body of a million brackets.
        reason = str(error)
    else:
        return value
    # Not above, as the error would keep that one, which holds the text.
    raise NotJson(reason=reason)


def json_columns(value: Any) -> list[str]:
    """The names of the columns in a parsed body, in the order of their first occurrence."""
    records = value if isinstance(value, list) else [value]
    found = {key: None for record in records if isinstance(record, dict) for key in record}
    _check_names(found)
    return list(found)


def _check_names(names: Iterable[str]) -> None:
    for number, name in enumerate(names, 1):
        try:
            name.encode()
        except UnicodeEncodeError:
            raise HalfCharacter(where=f"The name of column {number}") from None


def _check_rows(rows: list[Row], inputs: int) -> None:
    """Check the refs and the carried values; an input is checked when its row is scored."""
    for number, row in enumerate(rows, 1):
        try:
            check_writable(row[0])
            for value in row[inputs + 1 :]:
                check_writable(value)
        except UnicodeEncodeError:
            where = f"The reference of row {number:,}, or a value that is carried through,"
            raise HalfCharacter(where=where) from None


def json_rows(value: Any, where: InputColumns, carried: tuple[str, ...] = ()) -> list[Row]:
    """Read the rows in a parsed body.

    Reads columns `{"ref": [1], "text": ["a"]}`, pandas' `DataFrame.to_json()`
    `{"ref": {"0": 1}, "text": {"0": "a"}}`, records `[{"ref": 1, "text": "a"}]` and one record
    `{"ref": 1, "text": "a"}`. Values keep their types.

    Args:
        value: the parsed body.
        where: names the columns of the inputs and the refs.
        carried: the names of the carried columns, each of which exists.

    Raises:
        shared.errors.input.NotRows: it is none of these.
        shared.errors.input.NoSuchColumn: an input or the ref column that was named is missing.
        shared.errors.input.UnequalColumns: columns of different lengths.
        shared.errors.input.UnequalLabels: columns with different labels.
        shared.errors.input.HalfCharacter: a ref, a carried value or a name of a column has half of
            a surrogate pair.
        shared.errors.input.NoRows: there is no row.
    """
    if isinstance(value, list):
        rows = _from_records(value, where, carried)
    elif isinstance(value, dict):
        rows = _from_mapping(value, where, carried)
    else:
        raise NotRows(found=kind_of(value))
    if not rows:
        raise NoRows(what="it holds no row")
    _check_rows(rows, len(where.inputs))
    return rows


def _from_records(records: list[Any], where: InputColumns, carried: tuple[str, ...]) -> list[Row]:
    odd = next((record for record in records if not isinstance(record, dict)), None)
    if odd is not None or None in records:
        raise NotRows(found=f"a list with {kind_of(odd)} in it")
    if records:
        found = {key: None for record in records for key in record}
        _check_names(found)
        where.require(found)
    names = (*where.names, *carried)
    if len(names) > 2:
        return [tuple(map(record.get, names)) for record in records]
    ref, text = names
    return [(record.get(ref), record.get(text)) for record in records]


def _from_mapping(
    value: dict[str, Any], where: InputColumns, carried: tuple[str, ...]
) -> list[Row]:
    if not value:
        raise NotRows(found="an empty object")
    _check_names(value)
    where.require(value)
    if not any(isinstance(column, (list, dict)) for column in value.values()):
        return _from_records([value], where, carried)
    labels = _labels(value, where.inputs[0])
    columns = {
        name: list(map(column.__getitem__, labels)) if isinstance(column, dict) else column
        for name, column in value.items()
    }
    for name, column in columns.items():
        if not isinstance(column, list):
            raise NotRows(found=f"an object whose '{name}' is {kind_of(column)} and no list")
    if len({len(column) for column in columns.values()}) > 1:
        lengths = ", ".join(f"{name} has {len(column)}" for name, column in columns.items())
        raise UnequalColumns(lengths=lengths)
    ref, *names = (*where.names, *carried)
    cells = [columns[name] for name in names]
    refs = columns.get(ref) or [None] * len(cells[0])
    return list(zip(refs, *cells, strict=True))


def _labels(value: dict[str, Any], first_name: str) -> list[str]:
    """The labels of pandas' columns `{"0": "a", "1": "b"}`, in that of `first_name`.

    Raises:
        shared.errors.input.UnequalLabels: two columns differ in their labels, or one has none.
    """
    labelled = {name: column for name, column in value.items() if isinstance(column, dict)}
    first = value[first_name]
    if not isinstance(first, dict):
        first = next(iter(labelled.values()), {})
    for name, column in value.items():
        if labelled and isinstance(column, list):
            raise UnequalLabels(name=name, what="is a list and another one has labels")
        if name in labelled and column.keys() != first.keys():
            label = str(min(column.keys() ^ first.keys()))[:40]
            label = label.encode("utf-8", "backslashreplace").decode()
            raise UnequalLabels(name=name, what=f"differs from another one in the label '{label}'")
    return list(first)
