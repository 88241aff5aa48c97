"""The values of options that are not plain texts, and how they are parsed."""

import csv
from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from api.uploads.carried import ColumnSelection
from shared.errors.input import BadOption
from shared.jobs.added_outputs import MOST_TERMS
from shared.jobs.spec import Keep, Priority, ResultFormat
from shared.tables.delimiters import DELIMITERS, delimiter_of

#: The values of the option `quoting`.
QUOTINGS = ("double", "none")


def _delimiter(value: str) -> str:
    found = delimiter_of(value)
    if len(found) != 1 or not found.isascii() or found in '"\r\n\0':
        names = ", ".join(name for name in DELIMITERS if name.isalpha())
        reason = f"it must be one ASCII character and no quote or line break, or one of {names}"
        raise BadOption(option="delimiter", value=value[:80], reason=reason)
    return found


def _names(name: str) -> Callable[[str], tuple[str, ...]]:
    """The parser of an option that lists names."""

    def parse(value: str) -> tuple[str, ...]:
        # Parsed like a line of a CSV: a name that contains a comma is quoted.
        try:
            [names] = csv.reader([value], skipinitialspace=True, strict=True)
        except (ValueError, csv.Error):
            names = []
        names = [name.strip() for name in names]
        if not all(names) or len(set(names)) < max(len(names), 1):
            reason = "it must be names separated by commas, each once"
            raise BadOption(option=name, value=value[:80], reason=reason)
        return tuple(names)

    return parse


def _names_or_all(name: str) -> Callable[[str], ColumnSelection]:
    """The parser of an option that lists names, or is `all`: None."""
    return lambda value: None if value == "all" else _names(name)(value)


def _two_models(value: str) -> tuple[str, ...]:
    names = _names("models")(value)
    if len(names) != 2:
        reason = "it must be the names of two models, separated by a comma"
        raise BadOption(option="models", value=value[:80], reason=reason)
    return names


def _decimal(value: str) -> str:
    signs = {"point": ".", "comma": ",", ".": ".", ",": ","}
    if value not in signs:
        raise BadOption(option="decimal", value=value[:80], reason="it must be point or comma")
    return signs[value]


def _format(value: str) -> str:
    known = get_args(ResultFormat)
    if value not in known:
        reason = f"the results are stored as one of {', '.join(known)}"
        raise BadOption(option="format", value=value[:80], reason=reason)
    return value


def _errors(value: str) -> str:
    if value not in ("fail", "rows"):
        raise BadOption(option="errors", value=value[:80], reason="it must be fail or rows")
    return value


def _quoting(value: str) -> str:
    if value not in QUOTINGS:
        reason = f"it must be one of {', '.join(QUOTINGS)}"
        raise BadOption(option="quoting", value=value[:80], reason=reason)
    return value


def _priority(value: str) -> str:
    known = get_args(Priority)
    if value not in known:
        raise BadOption(
            option="priority", value=value[:80], reason=f"it must be one of {', '.join(known)}"
        )
    return value


def _keep(value: str) -> str:
    known = get_args(Keep)
    if value not in known:
        reason = f"it must be one of {', '.join(known)}"
        raise BadOption(option="keep", value=value[:80], reason=reason)
    return value


def is_true(name: str, value: str) -> bool:
    """Whether an option of a request is `true`.

    Args:
        name: the name of the option.
        value: what the request has for it.

    Raises:
        shared.errors.input.BadOption: it is neither `true` nor `false`.
    """
    if value not in ("true", "false"):
        raise BadOption(option=name, value=value[:80], reason="it must be true or false")
    return value == "true"


def _true_or_false(name: str) -> Callable[[str], str]:
    """The parser of an option that is `true` or `false`."""

    def parse(value: str) -> str:
        is_true(name, value)
        return value

    return parse


def _total_bytes(value: str) -> int:
    if not (value.isascii() and value.isdecimal()) or len(value) > 18 or not int(value):
        reason = "it must be the bytes of the whole file, a number from 1"
        raise BadOption(option="total_bytes", value=value[:80], reason=reason)
    return int(value)


def _terms(value: str) -> int:
    if not (value.isascii() and value.isdecimal()) or not 1 <= int(value[:9]) <= MOST_TERMS:
        reason = f"it must be a number from 1 to {MOST_TERMS}"
        raise BadOption(option="explain", value=value[:80], reason=reason)
    return int(value)


#: The parsers of the options whose value is not a plain text.
PARSERS: dict[str, Callable[[str], Any]] = {
    "columns": _names_or_all("columns"),
    "decimal": _decimal,
    "delimiter": _delimiter,
    "errors": _errors,
    "explain": _terms,
    "format": _format,
    "keep": _keep,
    "guess": _true_or_false("guess"),
    "models": _two_models,
    "outputs": _names_or_all("outputs"),
    "priority": _priority,
    "quoting": _quoting,
    "reach": partial(is_true, "reach"),
    "rename": _names("rename"),
    "total_bytes": _total_bytes,
    "validate": _true_or_false("validate"),
}
