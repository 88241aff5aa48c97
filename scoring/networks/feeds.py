"""Turns the columns of a table into the arrays that a network takes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.signature import ColumnType, Input

#: The numbers of a network's input -> the type of a column that is made for it.
COLUMN_TYPES: dict[str, ColumnType] = {
    "float16": "double",
    "float32": "double",
    "float64": "double",
    "int32": "long",
    "int64": "long",
    "bool": "boolean",
    "string": "string",
}

#: The type of a column -> what an input may hold that takes it.
_TAKEN_BY: dict[ColumnType, tuple[str, ...]] = {
    "double": ("float16", "float32", "float64"),
    "long": ("float16", "float32", "float64", "int32", "int64"),
    "boolean": ("float16", "float32", "float64", "int32", "int64", "bool"),
    "string": ("string",),
    "datetime": (),
}


@dataclass(frozen=True)
class Feed:
    """An input of a network, and the columns that fill it.

    Attributes:
        name: the name of the input layer.
        dtype: what it holds: a key of `COLUMN_TYPES`.
        columns: the names of the columns, in the order of the input's places.
        flat: it takes n values, not n rows of values; there is one column then.
        below: values are whole numbers from 0 to `below` - 1, which an Embedding looks up, or which
            are the categories of a CategoryEncoding; None if there is no such limit.
    """

    name: str
    dtype: str
    columns: tuple[str, ...]
    flat: bool = False
    below: int | None = None

    @property
    def type(self) -> ColumnType:
        """The type of a column that is made for this input."""
        return "long" if self.below is not None else COLUMN_TYPES[self.dtype]

    def array(self, frame: pd.DataFrame) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """The array for n rows, and which of the rows the network can take.

        A row cannot be taken if one of its numbers does not fit into the input, or has no place in
        an Embedding. Its values are zeros.
        """
        given = [frame[column].to_numpy() for column in self.columns]
        if self.dtype == "string":
            strings = np.stack([column.astype(object) for column in given], axis=1)
            return self._shaped(strings), np.ones(len(frame), dtype=bool)
        fits = np.ones(len(frame), dtype=bool)
        array = np.zeros((len(frame), len(given)), dtype=self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for place, column in enumerate(given):
                array[:, place] = column
                fits &= self._held(column, array[:, place])
        array[~fits] = 0
        return self._shaped(array), fits

    def _held(self, column: npt.NDArray[Any], held: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which numbers of a column the input can hold: 1e39 is no float32, 2**31 no int32."""
        if held.dtype.kind == "i":
            exact = cast("npt.NDArray[np.bool_]", held == column)
        else:
            exact = np.isfinite(held) if held.dtype.kind == "f" else np.ones(len(held), dtype=bool)
        if self.below is None:
            return exact
        return exact & (held >= 0) & (held < self.below)

    def _shaped(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return array[:, 0] if self.flat else array


class Feeds:
    """All inputs of a network, in its order."""

    def __init__(self, each: Sequence[Feed]) -> None:
        self.each = tuple(each)

    @classmethod
    def from_options(cls, options: dict[str, Any], inputs: Sequence[Input]) -> Self:
        """Make the feeds from a card's option `feeds`.

        Args:
            options: the options.
            inputs: the inputs of the card's signature.

        Raises:
            ValueError: the option is wrong, or does not fit the inputs; the message says why.
        """
        try:
            each = [Feed(**one | {"columns": tuple(one["columns"])}) for one in options["feeds"]]
        except (KeyError, TypeError) as error:
            raise ValueError(f"its card's feeds are wrong ({error})") from error
        feeds = cls(each)
        feeds.check(inputs)
        return feeds

    def check(self, inputs: Sequence[Input]) -> None:
        """Check that the inputs of a signature can fill the network's.

        Raises:
            ValueError: they cannot; the message says which one, and what to do.
        """
        by_name = {one.name: one for one in inputs}
        used = [column for feed in self.each for column in feed.columns]
        if sorted(used) != sorted(by_name):
            raise ValueError(f"its card's feeds name the columns {', '.join(used)}")
        for feed in self.each:
            for column in feed.columns:
                given = by_name[column]
                if not given.required:
                    raise ValueError(
                        f"its column {column} may not be optional: a network has no place for a "
                        "missing value. Fill the gaps of the table as for the training"
                    )
                fits = feed.dtype in _TAKEN_BY[given.type]
                if not fits or (feed.below is not None and given.type == "double"):
                    raise ValueError(
                        f"its column {column} is a {given.type}, but the input layer {feed.name} "
                        f"takes a {feed.type}"
                    )

    def options(self) -> list[dict[str, Any]]:
        """The option `feeds` for a card."""
        return [asdict(one) | {"columns": list(one.columns)} for one in self.each]

    @property
    def has_strings(self) -> bool:
        """Whether an input holds strings."""
        return any(one.dtype == "string" for one in self.each)

    def arrays(self, frame: pd.DataFrame) -> tuple[list[npt.NDArray[Any]], npt.NDArray[np.bool_]]:
        """The arrays for n rows, and which of the rows the network can take; see `Feed.array`."""
        made = [feed.array(frame) for feed in self.each]
        fits = np.logical_and.reduce([fit for _, fit in made])
        return [array for array, _ in made], fits
