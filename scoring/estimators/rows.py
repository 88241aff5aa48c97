"""Turns the frame that a model gets into the rows that its estimator was fitted to."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from scoring.estimators.boosted import with_categories
from scoring.estimators.column_flow import fitted_columns, fitted_names, fitted_width
from shared.signature import SENTIMENT, Input

#: The rows of a table on which a model is tried when it is loaded.
TRIAL_ROWS = 16


def reads_texts(estimator: Any, inputs: Sequence[Input]) -> bool:
    """Whether an estimator gets a list of texts: its one input is a text, and it knows no columns.

    Args:
        estimator: fitted.
        inputs: the columns that the model takes.
    """
    is_text = [(one.type, one.required) for one in inputs] == [("string", True)]
    # A card without inputs may belong to an estimator of a table, which then refuses the texts.
    is_default = tuple(inputs) == SENTIMENT.inputs
    knows_width = fitted_width(estimator) is not None and not is_default
    return is_text and fitted_names(estimator) is None and not knows_width


def row_reader(estimator: Any, inputs: Sequence[Input]) -> Callable[[pd.DataFrame], Any]:
    """The function from a frame with the inputs to what the estimator takes.

    That is a frame, if it was fitted to one, with the columns in the order of the fit; an array, if
    it was fitted to an array; or else a list of texts, if its one input is a text, and a frame.

    Raises:
        ValueError: the estimator was fitted to other columns.
    """
    names = [one.name for one in inputs]
    if reads_texts(estimator, inputs):
        return lambda frame: frame[names[0]].tolist()
    fitted, width = fitted_names(estimator), fitted_width(estimator)
    if fitted is not None and (unknown := set(names) - set(fitted)):
        raise ValueError(f"it was not fitted to a column {min(unknown)}")
    if fitted is None and width is not None and width != len(names):
        raise ValueError(f"it was fitted to {width} columns, and has {len(names)} inputs")
    columns = fitted_columns(estimator, fitted or names)
    of_none = [one.name for one in columns if one.missing_is_none and one.name in names]
    categories = {one.name: one.categories for one in columns if one.categories}
    if fitted is not None:
        names = [name for name in fitted if name in names]
    if fitted is not None or width is None:
        return lambda frame: with_categories(_chosen(frame, names, of_none), categories)
    are_numbers = all(one.type in ("double", "long", "boolean") for one in inputs)
    dtype = "float64" if are_numbers and not of_none else "object"
    return lambda frame: _chosen(frame, names, of_none).to_numpy(dtype=dtype)


def _chosen(frame: pd.DataFrame, names: list[str], of_none: list[str]) -> pd.DataFrame:
    """The columns of these names, in some of which a missing value is None."""
    # Steps that put frames together match their rows by the index, which may have duplicates.
    chosen = frame[names].reset_index(drop=True)
    for name in of_none:
        values = chosen[name].to_numpy(dtype=object, copy=True)
        values[chosen[name].isna().to_numpy()] = None
        chosen[name] = pd.Series(values, dtype=object)
    return chosen


def fitted_values(estimator: Any, inputs: Sequence[Input]) -> dict[str, list[Any]]:
    """Values to which the steps of an estimator were fitted, by the name of their input."""
    names = [one.name for one in inputs]
    types = {one.name: one.type for one in inputs}
    columns = fitted_columns(estimator, fitted_names(estimator) or names)
    return {
        one.name: one.values
        for one in columns
        if one.values and one.type is not None and one.type == types.get(one.name)
    }
