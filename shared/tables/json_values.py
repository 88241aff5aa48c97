"""JSON values as they were sent: numbers keep how they were written; NaN is an error."""

import json
from math import isinf
from typing import Any

from shared.errors.input import NotJson


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
        shared.errors.input.NotJson: it is not JSON, or a number in it is too large.
    """
    try:
        return decode(line.decode("utf-8-sig"))
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


def _signed_zero(text: str) -> int | float:
    return _number(text) if text == "-0" else int(text)


# `json.loads` would make a decoder for each body, which takes as long as reading a small one.
_decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_number).decode
_decode_signed_zeros = json.JSONDecoder(
    parse_constant=_refuse, parse_float=_number, parse_int=_signed_zero
).decode


def decode(text: str) -> Any:
    """Parse JSON text.

    Raises:
        ValueError: it is not JSON, which has no `NaN` and no `Infinity`, or a number is too large.
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
