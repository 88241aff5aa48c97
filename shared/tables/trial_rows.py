"""Makes rows that a model can score, to warm it up and to measure and try it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pandas as pd

from shared.model import Model
from shared.signature import ColumnType, Input

#: The words of a text, all of which are in it, in any order.
SAMPLE = "It was a good day, and the food that we had was not too bad at all: thanks"

#: A value that may be missing is missing in one of this number of rows.
_MISSING_IN = 8

_EPOCH = datetime(2020, 1, 1)  # noqa: DTZ001  the dates of a frame have no zone


def trial_rows(model: Model, count: int) -> pd.DataFrame:
    """Rows of different values that a model can score, the same at each call.

    Args:
        model: its signature names the columns; its `trial_values` are used if it has any. Other
            numbers are from 0 to 100, other texts have the words of `SAMPLE`.
        count: the number of rows.
    """
    known: Mapping[str, Sequence[Any]] = getattr(model, "trial_values", dict)()
    return made_rows(model.card.signature.inputs, known, count)


def made_rows(
    inputs: Sequence[Input], known: Mapping[str, Sequence[Any]], count: int
) -> pd.DataFrame:
    """Rows for inputs, of values that are known by the name of the input; see `trial_rows`."""
    random = Random(0)  # noqa: S311  nothing here is secret
    columns = {
        one.name: [_value(one, known.get(one.name, ()), random) for _ in range(count)]
        for one in inputs
    }
    return typed_frame(inputs, columns)


def typed_frame(inputs: Sequence[Input], columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """A frame as `Model.score` takes it.

    Args:
        inputs: the inputs of a signature.
        columns: for each input its n values; None where one is missing.

    Raises:
        ValueError: a value is not of the type of its input, or one is missing that is required.
    """
    return pd.DataFrame({one.name: _typed(one, columns[one.name]) for one in inputs})


def _typed(one: Input, values: Sequence[Any]) -> pd.Series:
    if one.required and any(value is None for value in values):
        raise ValueError(f"a value of {one.name} is missing, and it is required")
    if one.type == "datetime":
        # By the form of each value: one has a fraction of a second, another none.
        times = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601", utc=True)
        return times.dt.tz_localize(None).astype("datetime64[ns]")
    dtypes = {"double": "float64", "long": "int64", "boolean": "bool"}
    if not one.required:
        dtypes |= {"long": "float64", "boolean": "object"}
    filled = [float("nan") if value is None else value for value in values]
    try:
        return pd.Series(filled, dtype=dtypes.get(one.type, "object"))
    except (TypeError, ValueError) as error:
        raise ValueError(f"a value of {one.name} is no {one.type}: {error}") from error


def _value(one: Input, known: Sequence[Any], random: Random) -> Any:
    if not one.required and random.randrange(_MISSING_IN) == 0:
        return None
    if known and one.type == "double":
        return random.uniform(float(min(known)), float(max(known)))
    return random.choice(known) if known else _ANY[one.type](random)


def _words(random: Random) -> str:
    words = SAMPLE.split()
    return " ".join(random.sample(words, len(words)))


#: Type -> a function that makes some value of it.
_ANY: dict[ColumnType, Callable[[Random], Any]] = {
    "string": _words,
    "double": lambda random: random.uniform(0, 100),
    "long": lambda random: random.randrange(100),
    "boolean": lambda random: random.random() < 0.5,
    "datetime": lambda random: _EPOCH + timedelta(minutes=random.randrange(10**6)),
}
