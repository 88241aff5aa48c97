"""Reads what a user says about the inputs of a model, such as `age:double,name:string?`."""

from typing import get_args

from shared.errors.input import BadOption
from shared.signature import ColumnType, Input


def parse_inputs(text: str | tuple[Input, ...]) -> tuple[Input, ...]:
    """The columns that a text names, in its order; columns that are known already as they are.

    Args:
        text: `name:type` for each column, separated by commas. A type is one of `ColumnType`, with
            a `?` after it if values may be missing.

    Raises:
        shared.errors.input.BadOption: it is written in another way.
    """
    if isinstance(text, tuple):
        return text
    inputs = tuple(_parsed(part.strip(), text) for part in text.split(","))
    names = [one.name for one in inputs]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadOption(option="inputs", value=text, reason=f"it names {min(twice)} twice")
    return inputs


def _parsed(part: str, text: str) -> Input:
    name, colon, kind = part.rpartition(":")
    required, kind = not kind.endswith("?"), kind.removesuffix("?").strip()
    if not colon or not name.strip() or kind not in get_args(ColumnType):
        reason = (
            f"write name:type for each column, as in age:double,name:string?. {part!r} is not so: "
            f"a type is one of {', '.join(get_args(ColumnType))}, and ? after it means that values "
            "may be missing"
        )
        raise BadOption(option="inputs", value=text, reason=reason)
    return Input(name=name.strip(), type=kind, required=required)
