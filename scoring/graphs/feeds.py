"""What goes into an ONNX graph: tensors, filled from the columns of a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.signature import ColumnType, Input

#: The types of tensors that may hold numbers of a column.
NUMBERS: dict[str, npt.DTypeLike] = {
    "tensor(float16)": np.float16,
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(uint16)": np.uint16,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
}

STRINGS = "tensor(string)"

#: Tensors with fewer digits than the 64 bits in which rows are read.
ROUNDED = ("tensor(float16)", "tensor(float)")


@dataclass(frozen=True)
class Feed:
    """An input of a graph: a tensor of one row per row of the frame.

    Attributes:
        name: its name in the graph.
        type: the type of its elements, as ONNX Runtime writes it: `tensor(float)`.
        width: the number of columns of a frame that it takes; None: any.
        is_flat: whether it has no second dimension.
        rows: the number of rows that it takes at a time; None: any.
    """

    name: str
    type: str
    width: int | None
    is_flat: bool = False
    rows: int | None = None

    @property
    def column_type(self) -> ColumnType:
        """The type of the columns that fit it best."""
        if self.type == STRINGS:
            return "string"
        if self.type == "tensor(bool)":
            return "boolean"
        return "double" if np.issubdtype(np.dtype(NUMBERS[self.type]), np.floating) else "long"


def feeds_of(session: Any) -> list[Feed]:
    """The inputs of a graph, in order.

    Raises:
        ValueError: one of them does not take rows of a table; the message says why.
    """
    feeds = []
    for one in session.get_inputs():
        shape = list(one.shape)
        if one.type not in NUMBERS and one.type != STRINGS:
            raise ValueError(f"its input {one.name} is a {one.type}, and not a column of a table")
        if not 1 <= len(shape) <= 2:
            raise ValueError(
                f"its input {one.name} has {len(shape)} dimensions ({shape}). A row of a table "
                "fills a tensor of one or two: rows, and columns. Reshape it inside the model"
            )
        rows, width = (_size(size) for size in (shape[0], shape[1] if len(shape) == 2 else 1))
        if rows not in (None, 1):
            raise ValueError(
                f"its input {one.name} takes {rows} rows at a time, no more and no fewer. Export "
                "it with a free first dimension (dynamic_axes in torch.onnx.export)"
            )
        if width == 0:
            raise ValueError(f"its input {one.name} has no columns ({shape})")
        feeds.append(Feed(one.name, one.type, width, len(shape) == 1, rows))
    if not feeds:
        raise ValueError("its graph has no input")
    return feeds


def _size(size: Any) -> int | None:
    """The size of a dimension; None if it is free (a name, or nothing)."""
    return size if isinstance(size, int) and size >= 0 else None


class Filler:
    """Fills the inputs of a graph from the columns of a signature, both in their order."""

    def __init__(self, feeds: Sequence[Feed], inputs: Sequence[Input]) -> None:
        """Give each feed its columns.

        Raises:
            ValueError: the columns do not fit the graph; the message says why.
        """
        self._parts: list[tuple[Feed, list[Input]]] = []
        left = list(inputs)
        free = [feed for feed in feeds if feed.width is None]
        fixed = sum(feed.width or 0 for feed in feeds)
        if len(free) > 1 or (free and len(left) <= fixed) or (not free and len(left) != fixed):
            wanted = f"{fixed}{' and more' if free else ''}"
            raise ValueError(f"its graph takes {wanted} columns, and it has {len(left)} inputs")
        for feed in feeds:
            width = feed.width or len(left) - sum(
                one.width or 0 for one in feeds[len(self._parts) + 1 :]
            )
            self._parts.append((feed, left[:width]))
            left = left[width:]
        for feed, columns in self._parts:
            for column in columns:
                _check(feed, column)

    def fill(self, frame: pd.DataFrame) -> tuple[dict[str, Any], npt.NDArray[np.bool_]]:
        """The tensors of n rows, and whether each row has a number that its tensor cannot hold."""
        lost = np.zeros(len(frame), dtype=bool)
        tensors = {}
        for feed, columns in self._parts:
            array = _filled(feed, columns, frame, lost)
            tensors[feed.name] = array[:, 0] if feed.is_flat else array
        return tensors, lost


def _check(feed: Feed, column: Input) -> None:
    kind = feed.column_type
    fits = {
        "string": ("string",),
        "double": ("double", "long", "boolean"),
        "long": ("long", "boolean"),
        "boolean": ("boolean",),
    }[kind]
    if column.type not in fits:
        raise ValueError(
            f"its input {feed.name} is a {feed.type}, so the column {column.name} cannot be a "
            f"{column.type}, but {' or '.join(fits)}"
        )
    if not column.required and kind != "double":
        raise ValueError(
            f"its input {feed.name} is a {feed.type}, which has no missing values, so the column "
            f"{column.name} must be required"
        )


def _filled(
    feed: Feed, columns: Sequence[Input], frame: pd.DataFrame, lost: npt.NDArray[np.bool_]
) -> npt.NDArray[Any]:
    """A tensor of n rows; marks in `lost` the rows with a number that it cannot hold."""
    if feed.type == STRINGS:
        return np.column_stack([frame[one.name].to_numpy(dtype=object) for one in columns])
    dtype = np.dtype(NUMBERS[feed.type])
    array = np.empty((len(frame), len(columns)), dtype=dtype)
    for index, column in enumerate(columns):
        if np.issubdtype(dtype, np.floating):
            numbers = frame[column.name].to_numpy(dtype=np.float64)
            with np.errstate(over="ignore"):
                array[:, index] = numbers
            lost |= np.isinf(array[:, index])
        else:
            numbers = frame[column.name].to_numpy(dtype=np.int64)
            array[:, index] = numbers.astype(dtype)  # wraps around without a word
            lost |= (array[:, index].astype(np.int64) != numbers) | (
                (numbers < 0) & (dtype.kind == "u")
            )
    return array
