"""JSON values as they were sent: numbers stay as written; NaN and repeated names are errors."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable
from math import isinf
from typing import Any

from shared.errors.input import NotJson

#: The most characters of a number; Python reads no integer of more digits.
MAX_DIGITS = 4300
#: The end of a name with spaces before its colon; in a string a quote has a backslash.
_SPACED_NAME = re.compile(rb'(?<!\\)"[ \t\r\n]+:')


class Number(float):
    """A number that Python would write in another way than it was sent, such as `1.10`.

    Attributes:
        text: as it was sent.
    """

    __slots__ = ("text",)

    text: str


def parse_value(line: bytes) -> Any:
    """JSON in UTF-8 as it was sent, read once.

    Raises:
        shared.errors.input.NotJson: it is not JSON, a number in it is too large, or an object has
            two fields of one name.
    """
    try:
        return decode(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotJson(reason=str(error)) from None


def are_names_unique(objects: Collection[dict[str, Any]], content: bytes) -> bool:
    """Whether no object in JSON has two fields of one name, of which parsers keep the last.

    Args:
        objects: what a parser made of the JSON.
        content: the JSON, objects one after the other.

    Returns:
        True if that is certain.
    """
    if b'\\\\"' in content:
        # This quote may end a name, or be in a string.
        return False
    names = content.count(b'":') - content.count(b'\\":')
    if b'" ' in content or b'"\t' in content or b'"\r' in content or b'"\n' in content:
        names += len(_SPACED_NAME.findall(content))
    return names == sum(map(len, objects)) or names == _count_names(objects)


def _count_names(values: Iterable[Any]) -> int:
    count = 0
    for value in values:
        if isinstance(value, dict):
            count += len(value) + _count_names(value.values())
        elif isinstance(value, list):
            count += _count_names(value)
    return count


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
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS:,} digits; send it as a string")
    value = float(text)
    if isinf(value):
        raise ValueError(f"the number {text[:40]} is too large; send it as a string")
    if repr(value) == text:
        return value
    number = Number(value)
    number.text = text
    return number


def unique_fields(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of these fields.

    Raises:
        ValueError: two of them have the same name.
    """
    value = dict(fields)
    if len(value) < len(fields):
        counts = Counter(name for name, _ in fields)
        [(repeated, _)] = counts.most_common(1)
        shown = repeated[:80].encode("utf-8", "backslashreplace").decode()
        raise ValueError(f"an object has two fields with the name '{shown}'")
    return value


def _signed_zero(text: str) -> int | float:
    return _number(text) if text == "-0" else int(text)


# `json.loads` would make a decoder for each body, which takes as long as reading a small one.
_decode = json.JSONDecoder(
    parse_constant=_refuse, parse_float=_number, object_pairs_hook=unique_fields
).decode
_decode_signed_zeros = json.JSONDecoder(
    parse_constant=_refuse,
    parse_float=_number,
    parse_int=_signed_zero,
    object_pairs_hook=unique_fields,
).decode


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _missing(constant: str) -> None:
    if constant != "NaN":
        raise ValueError(f"{constant} is no JSON value, and no number that a model could take")


_decode_values = json.JSONDecoder(
    parse_constant=_missing, parse_float=_finite, object_pairs_hook=unique_fields
).decode


def decode_values(text: str) -> Any:
    """Parse JSON of which only the values matter, not how they were written.

    `NaN`, which is no JSON but what Python and its libraries write for a missing number, is null.

    Raises:
        ValueError: it is not JSON, a number is infinite or too large, or an object has two fields
            of one name.
    """
    return _decode_values(text)


def decode(text: str) -> Any:
    """Parse JSON text.

    Raises:
        ValueError: it is not JSON, which has no `NaN` and no `Infinity`, a number is too large, or
            an object has two fields of one name.
    """
    # As an int, -0 would lose its sign. Few texts have one, and looking at each int takes long.
    try:
        return (_decode_signed_zeros if "-0" in text else _decode)(text)
    except ValueError as error:
        if str(error).startswith("Exceeds the limit"):
            # Python's own message names a setting of Python.
            raise ValueError("a number has too many digits; send it as a string") from None
        raise


def kind_of(value: object) -> str:
    """The kind of a JSON value, in words."""
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
