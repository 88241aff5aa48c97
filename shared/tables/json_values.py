"""JSON values, read so that they can be written back: no NaN, no half of a surrogate pair."""

import json
from typing import Any

from shared.errors.input import NotJson


def parse_value(line: bytes) -> Any:
    """The JSON value in UTF-8 text.

    Raises:
        shared.errors.input.NotJson: it is not JSON, or cannot be written as UTF-8.
    """
    try:
        return writable(decode(line.decode("utf-8-sig")), line)
    except (ValueError, RecursionError) as error:
        # UnicodeDecodeError is a ValueError; RecursionError is a line of a million brackets.
        raise NotJson(reason=str(error)) from None


def writable(value: Any, content: bytes) -> Any:
    """Give the value back, if an answer in UTF-8 can hold it.

    Args:
        value: what was parsed.
        content: the JSON that it was parsed from.

    Raises:
        ValueError: it holds half of a surrogate pair, which JSON allows and UTF-8 does not.
    """
    if b"\\ud" in content.lower():
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON value; use null")


#: Parse JSON text; `NaN` and `Infinity` are a ValueError. `json.loads` would make a decoder for
#: each body, which takes as long as reading a small one.
decode = json.JSONDecoder(parse_constant=_refuse).decode


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
