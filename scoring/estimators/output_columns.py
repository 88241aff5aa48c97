"""The output columns of classifiers, and the values in them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.signature import ColumnType, Output

#: A classifier of more classes gives their probabilities only on request.
MOST_CLASSES = 20

_DTYPES: dict[ColumnType, str] = {"double": "float64", "long": "int64", "boolean": "bool"}


def is_yes_or_no(classes: Sequence[Any]) -> bool:
    """Whether the classes of an output say whether a label is true: 0 and 1, or one of them."""
    return all(one in (0, 1) for one in classes)


def probability_of(label: str, classes: int, name: str | None = None) -> Output:
    """The output with the probability of a class, of so many."""
    return Output(
        name=f"probability_{label if name is None else name}",
        meaning="probability",
        of=label,
        minimum=0,
        maximum=1,
        on_request=classes > MOST_CLASSES,
    )


def typed_values(values: Any, kind: ColumnType) -> npt.NDArray[Any]:
    """An array of the dtype that a column of a type has."""
    array = np.asarray(values)
    if kind in _DTYPES:
        return array.astype(_DTYPES[kind])
    strings = np.empty(len(array), dtype=object)
    strings[:] = [str(value) for value in array.tolist()]
    return strings


def taken(rows: Any, places: npt.NDArray[np.intp]) -> Any:
    """Some of the rows that an estimator takes: a list of texts, a frame or an array.

    Texts come as a list, whichever sequence they are in.
    """
    if isinstance(rows, pd.DataFrame):
        return rows.iloc[places]
    if isinstance(rows, Sequence):
        return [rows[place] for place in places.tolist()]
    return rows[places]


def check_shape(found: npt.NDArray[Any], expected: tuple[int, ...]) -> None:
    """Check the shape of what an estimator gives.

    Raises:
        ValueError: it has another one.
    """
    if found.shape != expected:
        raise ValueError(f"the estimator gives an array of {found.shape}, and not of {expected}")
