"""Finds out which columns an estimator takes: by its steps, an example, or what a user says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scoring.estimators.column_flow import fitted_columns, fitted_names, fitted_width
from scoring.estimators.fitted_columns import FittedColumn
from shared.errors.input import BadOption
from shared.signature import SENTIMENT, Input
from training.added.example_rows import example_inputs
from training.added.given_inputs import parse_inputs

#: An estimator that was fitted to more columns without names was hardly fitted to a table.
MOST_NAMELESS = 100


@dataclass(frozen=True)
class Inferred:
    """The inputs of a model.

    Attributes:
        inputs: the inputs, in the order of the fit.
        sources: where each is known from, by its name.
    """

    inputs: tuple[Input, ...]
    sources: dict[str, str]


def inferred_inputs(
    estimator: Any, *, given: str | tuple[Input, ...] | None, example: pd.DataFrame | None
) -> Inferred:
    """The columns that an estimator takes.

    Args:
        estimator: fitted.
        given: what the user says; see `training.added.given_inputs`. It comes first.
        example: rows that the user gives. They name columns and types that the fit does not.

    Raises:
        shared.errors.input.BadOption: what the user says contradicts the estimator.
        ValueError: a type cannot be known; the message says which option to give.
    """
    said = {one.name: one for one in parse_inputs(given)} if given is not None else {}
    shown = example_inputs(example) if example is not None else {}
    headers = [str(name) for name in example.columns] if example is not None else []
    fitted, width = fitted_names(estimator), fitted_width(estimator)
    if fitted is None and width is None:
        return _of_unknown_width(said, shown, headers)
    names = fitted or _names(width or 0, list(said) or headers)
    columns = fitted_columns(estimator, names)
    if unknown := set(said) - set(names):
        reason = f"it was not fitted to a column {min(unknown)}, but to {', '.join(names[:20])}"
        raise BadOption(option="inputs", value=given, reason=reason)
    if fitted:
        # A frame may lack columns that no step reads. An array may not.
        columns = [one for one in columns if one.is_used or one.name in said]
    inputs, sources = [], {}
    for column in columns:
        one, source = _of_column(column, said.get(column.name), shown.get(column.name))
        inputs.append(one)
        sources[column.name] = source if fitted or said or shown else f"{source}; its place"
    untyped = [one for one in inputs if one is None]
    if untyped:
        raise ValueError(_untyped(columns, said, shown))
    return Inferred(tuple(one for one in inputs if one is not None), sources)


def _of_unknown_width(
    said: Mapping[str, Input], shown: Mapping[str, Input], headers: Sequence[str]
) -> Inferred:
    """The inputs of an estimator that tells nothing, as a vectoriser of texts does."""
    if said:
        return Inferred(tuple(said.values()), dict.fromkeys(said, "--inputs"))
    if untyped := [name for name in headers if name not in shown]:
        raise ValueError(
            f"--example has no value in its column {untyped[0]}, so its type is not known. Give "
            "the columns with --inputs"
        )
    if shown:
        return Inferred(tuple(shown.values()), dict.fromkeys(shown, "--example"))
    return Inferred(SENTIMENT.inputs, {"text": "its vectoriser"})


def _names(width: int, named: Sequence[str]) -> list[str]:
    """The names of the columns of an estimator that was fitted to an array."""
    if named and len(named) != width:
        raise ValueError(
            f"it was fitted to an array of {width} columns, and {len(named)} are named. Name each "
            "of them, in the order of the array, with --inputs or the header of --example"
        )
    if not named and width > MOST_NAMELESS:
        raise ValueError(
            f"it was fitted to an array of {width} columns without names, such as a vectoriser "
            "gives. Save it in one pipeline with the steps before it; or name the columns with "
            "--inputs or the header of --example"
        )
    return list(named) or [f"x{place}" for place in range(width)]


def _of_column(
    column: FittedColumn, said: Input | None, shown: Input | None
) -> tuple[Input | None, str]:
    """The input for a column, and where it is known from; None if its type is not known."""
    kind = column.type
    for option, other in (("inputs", said), ("example", shown)):
        if kind and other and _contradict(kind, other.type, is_example=option == "example"):
            reason = (
                f"the column {column.name} is {other.type} there, and its "
                f"{column.types[kind]} was fitted to {kind}"
            )
            raise BadOption(option=option, value=column.name, reason=reason)
    if said is not None:
        return said, "--inputs"
    if kind is None:
        return shown, "--example"
    step = column.types[kind]
    if shown is not None and not shown.required and not column.may_be_missing:
        one = Input(name=column.name, type=kind, required=False)
        return one, f"{step}; --example has missing values"
    return Input(name=column.name, type=kind, required=not column.may_be_missing), step


def _contradict(fitted: str, other: str, *, is_example: bool) -> bool:
    # An example may show numbers in a column of texts: codes such as 007.
    if is_example and fitted == "string":
        return False
    return (fitted in ("double", "long", "boolean")) != (other in ("double", "long", "boolean"))


def _untyped(
    columns: Sequence[FittedColumn], said: Mapping[str, Input], shown: Mapping[str, Input]
) -> str:
    names = [
        f"{one.name} ({_why(one)})"
        for one in columns
        if one.type is None and one.name not in said and one.name not in shown
    ]
    first = names[0].partition(" (")[0]
    return (
        f"the types of these columns cannot be known: {', '.join(names[:10])}. Give rows that it "
        f"can score with --example rows.csv, or the types with --inputs, as in {first}:double or "
        f"{first}:string? (? means that values may be missing)"
    )


def _why(column: FittedColumn) -> str:
    if column.types:
        return " and ".join(f"{step} takes {kind}" for kind, step in column.types.items())
    return f"{column.untold[0]} may take any" if column.untold else "no step reads it"
