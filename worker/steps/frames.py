"""Makes the DataFrame that a model scores, of the typed columns of rows."""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from shared.signature import Input
from shared.tables.spans import Coded
from shared.tables.typed_columns import Column
from worker.tables.lists import list_of


def frame_of(
    inputs: Sequence[Input], columns: Sequence[Column], wanted: list[int] | None = None
) -> pd.DataFrame:
    """The frame of rows, with the dtypes that `shared.model.Model.score` promises.

    Args:
        inputs: the inputs of the model.
        columns: the values of each input.
        wanted: the indexes of the rows; None: all rows.
    """
    chosen = None if wanted is None else np.array(wanted, dtype=np.intp)
    return pd.DataFrame(
        {
            one.name: _series(one, column, chosen)
            for one, column in zip(inputs, columns, strict=True)
        }
    )


def _series(one: Input, column: Column, chosen: Any) -> pd.Series:
    if isinstance(column, array):
        values: Any = np.frombuffer(column, dtype=column.typecode)
        if chosen is not None:
            values = values[chosen]
    elif isinstance(column, Coded):
        different = [np.nan if value is None else value for value in column.values]
        codes = np.frombuffer(column.codes, dtype=column.codes.typecode)
        taken = codes if chosen is None else codes[chosen]
        return pd.Series(np.array([*different, None], dtype=object).take(taken), dtype=object)
    else:
        every = list_of(column)
        values = every if chosen is None else [every[row] for row in chosen.tolist()]
        if not one.required and None in values:
            values = [np.nan if value is None else value for value in values]
        return pd.Series(values, dtype=object)
    if one.type == "datetime":
        # The least integer is NaT.
        return pd.Series(values.view("datetime64[ns]"))
    if one.type == "boolean":
        flags = values.astype(bool)
        if one.required:
            return pd.Series(flags)
        objects = flags.astype(object)
        objects[values < 0] = np.nan
        return pd.Series(objects, dtype=object)
    # A model may write into its frame, and the buffer is that of the rows.
    return pd.Series(values if chosen is not None else values.copy())
