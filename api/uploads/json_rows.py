"""Reads rows that were sent as a JSON body: columns or records, even inside of a JSON string."""

import json
from collections.abc import Iterable
from typing import Any

from api.uploads.columns import require
from shared.errors.input import (
    HalfCharacter,
    NoRows,
    NotJson,
    NotRows,
    UnequalColumns,
    UnequalLabels,
)
from shared.tables.json_values import check_writable, decode, kind_of

#: A row: the ref (None: the row was sent without one), the text, and the carried values.
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


def _check_rows(rows: list[Row]) -> None:
    """Check the refs and the carried values; a text is checked when its row is scored."""
    for number, (ref, _, *extras) in enumerate(rows, 1):
        try:
            check_writable(ref)
            for value in extras:
                check_writable(value)
        except UnicodeEncodeError:
            where = f"The reference of row {number:,}, or a value that is carried through,"
            raise HalfCharacter(where=where) from None


def json_rows(
    value: Any,
    *,
    text_column: str = "text",
    ref_column: str | None = None,
    carried: tuple[str, ...] = (),
) -> list[Row]:
    """Read the rows in a parsed body.

    Reads columns `{"ref": [1], "text": ["a"]}`, pandas' `DataFrame.to_json()`
    `{"ref": {"0": 1}, "text": {"0": "a"}}`, records `[{"ref": 1, "text": "a"}]` and one record
    `{"ref": 1, "text": "a"}`. Values keep their types.

    Args:
        value: the parsed body.
        text_column: the name of the column with the texts.
        ref_column: the name of the column with the refs; None: `ref` if there is one.
        carried: the names of the carried columns, each of which exists.

    Raises:
        shared.errors.input.NotRows: it is none of these.
        shared.errors.input.NoSuchColumn: no text column, or not the ref column that was named.
        shared.errors.input.UnequalColumns: columns of different lengths.
        shared.errors.input.UnequalLabels: columns with different labels.
        shared.errors.input.HalfCharacter: a ref, a carried value or a name of a column has half of
            a surrogate pair.
        shared.errors.input.NoRows: there is no row.
    """
    if isinstance(value, list):
        rows = _from_records(value, text_column, ref_column, carried)
    elif isinstance(value, dict):
        rows = _from_mapping(value, text_column, ref_column, carried)
    else:
        raise NotRows(found=kind_of(value))
    if not rows:
        raise NoRows(what="it holds no row")
    _check_rows(rows)
    return rows


def _from_records(
    records: list[Any], text_column: str, ref_column: str | None, carried: tuple[str, ...]
) -> list[Row]:
    odd = next((record for record in records if not isinstance(record, dict)), None)
    if odd is not None or None in records:
        raise NotRows(found=f"a list with {kind_of(odd)} in it")
    if records:
        found = {key: None for record in records for key in record}
        _check_names(found)
        require(found, text_column, ref_column)
    ref = ref_column or "ref"
    if carried:
        names = (ref, text_column, *carried)
        return [tuple(map(record.get, names)) for record in records]
    return [(record.get(ref), record.get(text_column)) for record in records]


def _from_mapping(
    value: dict[str, Any], text_column: str, ref_column: str | None, carried: tuple[str, ...]
) -> list[Row]:
    if not value:
        raise NotRows(found="an empty object")
    _check_names(value)
    require(value, text_column, ref_column)
    if not any(isinstance(column, (list, dict)) for column in value.values()):
        return _from_records([value], text_column, ref_column, carried)
    labels = _labels(value, text_column)
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
    texts = columns[text_column]
    refs = columns.get(ref_column or "ref") or [None] * len(texts)
    return list(zip(refs, texts, *[columns[name] for name in carried], strict=True))


def _labels(value: dict[str, Any], text_column: str) -> list[str]:
    """The labels of pandas' columns `{"0": "a", "1": "b"}`, in the order of the texts.

    Raises:
        shared.errors.input.UnequalLabels: two columns differ in their labels, or one has none.
    """
    labelled = {name: column for name, column in value.items() if isinstance(column, dict)}
    texts = value[text_column]
    if not isinstance(texts, dict):
        texts = next(iter(labelled.values()), {})
    for name, column in value.items():
        if labelled and isinstance(column, list):
            raise UnequalLabels(name=name, what="is a list and another one has labels")
        if name in labelled and column.keys() != texts.keys():
            label = str(min(column.keys() ^ texts.keys()))[:40]
            label = label.encode("utf-8", "backslashreplace").decode()
            raise UnequalLabels(name=name, what=f"differs from another one in the label '{label}'")
    return list(texts)
