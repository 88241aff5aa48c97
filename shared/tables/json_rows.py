"""Rows sent as JSON: columns, records, or either of them in a JSON string."""

import json
from collections.abc import Iterable
from math import isinf
from typing import Any

from shared.errors.input import (
    HalfCharacter,
    NoRows,
    NotJson,
    NotRows,
    UnequalColumns,
    UnequalLabels,
)
from shared.tables.columns import require

#: A ref (None where none was sent), a text, and what is carried through.
Row = tuple[Any, ...]


class Number(float):
    """A number that Python would write in another way than it was sent, such as `1.10`.

    Attributes:
        text: as it was sent.
    """

    __slots__ = ("text",)

    text: str


def parse_json(body: bytes) -> Any:
    """A JSON body as it was sent; it may hold halves of surrogate pairs, see `check_writable`.

    A body that is itself a JSON string holding JSON (`requests.post(url, json=json.dumps(data))`,
    a common slip, and what the article's client does) is read twice.

    Raises:
        shared.errors.input.NotJson: it is not JSON, or a number in it is too large.
    """
    try:
        value = _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
        if isinstance(value, str):
            value = _DECODER.decode(value)
    except (ValueError, RecursionError) as error:
        # UnicodeDecodeError is a ValueError; RecursionError is a body of a million brackets.
        raise NotJson(reason=str(error)) from None
    return value


def parse_value(line: bytes) -> Any:
    """JSON in UTF-8 as it was sent, read once.

    Raises:
        shared.errors.input.NotJson: it is not JSON, or a number in it is too large.
    """
    try:
        return _DECODER.decode(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotJson(reason=str(error)) from None


def check_writable(value: Any) -> None:
    """Check that an answer in UTF-8 can hold this value.

    Raises:
        UnicodeEncodeError: it has half of a surrogate pair, which JSON allows and UTF-8 does not.
    """
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, (list, dict)):
        json.dumps(value, ensure_ascii=False).encode()


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON value; use null")


def _number(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(f"the number {text[:40]} is too large; send it as a string")
    if repr(value) == text:
        return value
    number = Number(value)
    number.text = text
    return number


# `json.loads` would make one for each body, which takes as long as reading a small one.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_number)


def json_columns(value: Any) -> list[str]:
    """The names of the columns in a parsed body, in the order they first come in."""
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
    """The rows in a parsed body: the ref, None where none was sent, the text, what is carried.

    Reads columns `{"ref": [1], "text": ["a"]}`, pandas' `DataFrame.to_json()`
    `{"ref": {"0": 1}, "text": {"0": "a"}}`, records `[{"ref": 1, "text": "a"}]` and one record
    `{"ref": 1, "text": "a"}`. Values keep their type.

    Args:
        value: the parsed body.
        text_column: the name of the column with the texts.
        ref_column: the name of the column with the refs; None: `ref` if there is one.
        carried: the names of the columns that are carried through, each of which is there.

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


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
