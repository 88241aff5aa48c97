"""What the steps of a fitted estimator tell about one column that they read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from scoring.estimators.boosted import PandasCategories
from shared.signature import ColumnType

#: Types whose values are numbers to a step that reads numbers; the first is the most special.
_NUMBERS: tuple[ColumnType, ...] = ("boolean", "long", "double")


@dataclass
class FittedColumn:
    """A column that an estimator was fitted to.

    Attributes:
        name: its name, or its place: `x0`, `x1` ...
        types: each type that a step requires -> the class of the step.
        untold: the classes of steps that read the column, and may take any type.
        missing: for each step that reads the column, whether it takes missing values.
        values: values that a step was fitted to: categories, or a lowest and a highest number.
        is_used: whether a step reads it.
        missing_is_none: whether a missing value was None in the fit, and not NaN. They are two
            categories to an encoder.
        categories: the categories of pandas that a step was fitted to; None if the column was not
            of pandas categories.
    """

    name: str
    types: dict[ColumnType, str] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)
    missing: list[bool] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    is_used: bool = False
    missing_is_none: bool = False
    categories: PandasCategories | None = None

    @property
    def type(self) -> ColumnType | None:
        """The type, or None if no step tells it, or two steps tell different ones."""
        if set(self.types) <= set(_NUMBERS):
            return next((kind for kind in _NUMBERS if kind in self.types), None)
        return next(iter(self.types)) if len(self.types) == 1 else None

    @property
    def may_be_missing(self) -> bool:
        """Whether each step that reads the column takes missing values."""
        return bool(self.missing) and all(self.missing)


@dataclass(frozen=True)
class Flow:
    """A column on its way through the steps.

    Attributes:
        column: the column of the input.
        is_typed: whether a step has encoded it, so that later steps tell nothing of its type.
        is_filled: whether a step has replaced its missing values.
    """

    column: FittedColumn
    is_typed: bool = False
    is_filled: bool = False

    def tell(self, step: Any, kind: ColumnType | None, values: Sequence[Any] = ()) -> None:
        """Note that a step reads the column, and which type it requires; None: it may be any."""
        self.column.is_used = True
        if self.is_typed:
            return
        if kind is None:
            self.column.untold.append(type(step).__name__)
        else:
            self.column.types.setdefault(kind, type(step).__name__)
        if values and not self.column.values:
            self.column.values = list(values)

    def tell_missing(self, *, allowed: bool) -> None:
        """Note whether a step takes missing values."""
        if not self.is_filled:
            self.column.missing.append(allowed)


@dataclass(frozen=True)
class Categories:
    """The categories of one column that an encoder was fitted to.

    Attributes:
        values: the categories that are not missing.
        has_nan: whether NaN is a category.
        has_none: whether None is a category.
    """

    values: list[Any]
    has_nan: bool
    has_none: bool

    @classmethod
    def of(cls, categories: Any) -> "Categories":
        """Sort an array of categories."""
        found = np.asarray(categories)
        # NumPy would make times nanoseconds, which are whole numbers.
        is_time = found.dtype.kind == "M"
        every = list(pd.DatetimeIndex(found)) if is_time else found.astype(object).tolist()
        return cls(
            values=[one for one in every if not _is_missing(one)],
            has_nan=any(_is_missing(one) and one is not None for one in every),
            has_none=any(one is None for one in every),
        )

    @property
    def type(self) -> ColumnType | None:
        """The type that all categories have."""
        return type_of_values(self.values)


def type_of_values(values: Sequence[Any]) -> ColumnType | None:
    """The type of values that are not missing; None if they have none in common, or there are none.

    Python's and NumPy's strings, booleans, integers and floats are known, and pandas' times.
    """
    kinds: list[tuple[ColumnType, tuple[type, ...]]] = [
        ("string", (str,)),
        ("datetime", (pd.Timestamp,)),
        ("boolean", (bool, np.bool_)),
        ("long", (int, np.integer)),
        ("double", (int, float, np.integer, np.floating)),
    ]
    for kind, classes in kinds:
        if values and all(isinstance(value, classes) for value in values):
            mixed = any(isinstance(value, bool | np.bool_) for value in values)
            return kind if kind not in ("long", "double") or not mixed else None
    return None


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float) and np.isnan(value))
    )
