"""The outputs that a user expects for some rows, and what a model gives instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.errors.input import BadOption
from shared.signature import Input, Output, Signature
from shared.tables.cells import parse_cells
from shared.tables.trial_rows import typed_frame
from shared.tables.typed_columns import value_at
from training.proof.digits import allowed_differences
from training.proof.output_columns import pairings
from training.proof.scored_file import ScoredFile

#: The largest share of a column's range that rounding may hide: fewer digits prove nothing.
_MOST_ROUNDED = 0.05

#: The number of rows with which settings are tried first.
_FEW = 60

_MOST_TEXT = 2**31


@dataclass(frozen=True)
class Difference:
    """How an output compares with its column.

    Attributes:
        column: the column of the file.
        output: the output of the model.
        guessed: whether the column has a usual name, and not that of the output.
        allowed: the largest difference that was allowed, of numbers.
        rows: the number of rows.
        differing: the number of rows that differ by more.
        largest: the largest difference, whether it is allowed or not; 1 between labels.
        row: the number of its row in the file, from 1.
        found: what the model gives there.
        expected: what the file has there.
    """

    column: str
    output: str
    guessed: bool
    allowed: float
    rows: int
    differing: int
    largest: float
    row: int
    found: Any
    expected: Any


@dataclass(frozen=True, eq=False)
class ExpectedColumn:
    """A column of a user's file, and the output of which it holds the values.

    Attributes:
        name: the name of the column.
        output: the output.
        guessed: whether the column has a usual name, and not that of the output.
        values: n numbers, NaN where one is missing; or n labels, None where one is missing.
        allowed: for numbers, how far the output may be from each.
    """

    name: str
    output: Output
    guessed: bool
    values: npt.NDArray[Any]
    allowed: npt.NDArray[np.float64]

    @property
    def is_number(self) -> bool:
        """Whether the values are compared as numbers, with a tolerance."""
        return self.output.type == "double" and self.output.meaning != "label"

    def apart(self, found: "pd.Series[Any]") -> npt.NDArray[np.float64]:
        """How far n values are from the column's; 0 where they are equal within the tolerance."""
        apart = self.distances(found)
        apart[apart <= self.allowed] = 0
        return apart

    def distances(self, found: "pd.Series[Any]") -> npt.NDArray[np.float64]:
        """How far n values are from the column's: 1 between labels, infinite if one is missing."""
        if not self.is_number:
            missing = found.isna().to_numpy()
            values = found.tolist()
            equal = [
                expected is None if absent else value == expected
                for value, absent, expected in zip(values, missing, self.values, strict=True)
            ]
            return 1.0 - np.array(equal, dtype=np.float64)
        numbers = found.to_numpy(dtype=np.float64)
        with np.errstate(invalid="ignore"):
            apart: npt.NDArray[np.float64] = np.abs(numbers - self.values)
        apart[np.isnan(apart)] = np.inf
        apart[~np.isfinite(numbers) & np.isnan(self.values)] = 0
        return apart


@dataclass(frozen=True)
class Expectation:
    """Rows, and the outputs that a user's own script gives for them.

    Attributes:
        rows: the n rows, as `Model.score` takes them.
        columns: the expected outputs.
        numbers: the numbers of the rows in the file, from 1.
        unused: the columns of the file that are neither inputs nor compared.
        order: the names of the inputs in the order of the file.
    """

    rows: pd.DataFrame
    columns: tuple[ExpectedColumn, ...]
    numbers: npt.NDArray[np.intp]
    unused: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    def differences(self, scored: pd.DataFrame) -> list[Difference]:
        """How each expected output compares with what a model gives for the rows."""
        return [self._difference(one, scored[one.output.name]) for one in self.columns]

    def holds(self, scored: pd.DataFrame) -> bool:
        """Whether a model gives for all rows what is expected."""
        return not any(one.apart(scored[one.output.name]).any() for one in self.columns)

    def few(self, scored: pd.DataFrame) -> "Expectation":
        """Some rows, those first for which a model is farthest from what is expected.

        Args:
            scored: what it gives for the rows.
        """
        apart = sum(one.apart(scored[one.output.name]) for one in self.columns)
        worst = np.argsort(-np.asarray(apart), kind="stable")[: _FEW // 2]
        spread = np.linspace(0, len(self.rows) - 1, _FEW // 2).astype(np.intp)
        return self.taken(np.unique(np.concatenate([worst, spread])))

    def taken(self, places: npt.NDArray[np.intp]) -> "Expectation":
        """The rows at some places."""
        columns = tuple(
            ExpectedColumn(
                one.name, one.output, one.guessed, one.values[places], one.allowed[places]
            )
            for one in self.columns
        )
        rows = self.rows.iloc[places].reset_index(drop=True)
        return Expectation(rows, columns, self.numbers[places], self.unused, self.order)

    def _difference(self, one: ExpectedColumn, found: "pd.Series[Any]") -> Difference:
        distances, apart = one.distances(found), one.apart(found)
        at = int((apart if apart.any() else distances).argmax())
        # As a value of Python, which can be written as JSON.
        (given,) = found.iloc[[at]].tolist()
        return Difference(
            column=one.name,
            output=one.output.name,
            guessed=one.guessed,
            allowed=float(np.nanmax(one.allowed, initial=0)) if one.is_number else 0.0,
            rows=len(self.rows),
            differing=int(np.count_nonzero(apart)),
            largest=float(distances[at]),
            row=int(self.numbers[at]),
            found=None if pd.isna(given) else given,
            expected=_given(one.values[at]),
        )


def _given(value: Any) -> Any:
    return None if value is None or (isinstance(value, float) and np.isnan(value)) else value


def read_expectation(
    file: ScoredFile, signature: Signature, chosen: Iterable[str], exact: float
) -> Expectation:
    """Read the rows of a user's file, and find the outputs of a model in it.

    Args:
        file: the file.
        signature: of the model.
        chosen: what `--expect-column` says.
        exact: how far an output may be from a number with all digits.

    Raises:
        shared.errors.input.BadInput: the file cannot be read, a row in it cannot be scored, no
            column holds an output, or one has too few digits.
    """
    inputs = signature.inputs
    pairs = pairings(file.columns, signature, chosen)
    rows = file.read(inputs, [pair.column for pair in pairs])
    for number, error in enumerate(rows.errors, start=1):
        if error is not None:
            reason = f"its row {number} cannot be scored ({error}); a job gives it an error too"
            raise BadOption(option="expect", value=file.path, reason=reason)
    columns = [
        _column(pair.column, pair.output, pair.guessed, list(cells), file, exact)
        for pair, cells in zip(pairs, rows.extras, strict=True)
    ]
    values = {
        one.name: [value_at(one, column, row) for row in range(len(rows))]
        for one, column in zip(inputs, rows.inputs, strict=True)
    }
    used = {one.name for one in inputs} | {pair.column for pair in pairs} | {"ref", ""}
    names = {one.name for one in inputs}
    return Expectation(
        typed_frame(inputs, values),
        tuple(columns),
        np.arange(1, len(rows) + 1),
        unused=tuple(name for name in file.columns if name not in used),
        order=tuple(name for name in file.columns if name in names),
    )


def _column(
    name: str, output: Output, guessed: bool, cells: list[str], file: ScoredFile, exact: float
) -> ExpectedColumn:
    """The values of a column that holds an output.

    Raises:
        shared.errors.input.BadOption: a cell is no such value, or the numbers have too few digits.
    """
    kind = Input(name=name, type=output.type, required=False)
    if output.type == "string":
        cells = [cell if cell.strip() else "" for cell in cells]
    values, errors = parse_cells(kind, cells, _MOST_TEXT, file.decimal)
    if errors:
        row = min(errors)
        reason = f"its column {name} is to be {output.name}, and in row {row + 1} {errors[row]}"
        raise BadOption(option="expect", value=file.path, reason=reason)
    found = [value_at(kind, values, row) for row in range(len(cells))]
    if output.type != "double":
        labels = np.empty(len(found), dtype=object)
        labels[:] = found
        return ExpectedColumn(name, output, guessed, labels, np.zeros(len(found)))
    numbers = np.array([np.nan if one is None else one for one in found])
    column = ExpectedColumn(
        name, output, guessed, numbers, allowed_differences(cells, numbers, file.decimal, exact)
    )
    if column.is_number:
        _check_digits(column, file, exact)
        return column
    labels = np.empty(len(found), dtype=object)
    labels[:] = found
    return ExpectedColumn(name, output, guessed, labels, np.zeros(len(found)))


def _check_digits(column: ExpectedColumn, file: ScoredFile, exact: float) -> None:
    present = column.values[~np.isnan(column.values)]
    if not len(present):
        reason = f"its column {column.name} is empty"
        raise BadOption(option="expect", value=file.path, reason=reason)
    spread = float(present.max() - present.min())
    rounded = float(np.nanmax(column.allowed))
    is_rounded = rounded > 10 * exact * max(1, np.abs(present).max())
    if is_rounded and spread and rounded > _MOST_ROUNDED * spread:
        reason = (
            f"its column {column.name} is rounded to {2 * rounded:.0g}, which proves too little "
            f"where all values are from {present.min():g} to {present.max():g}: write all digits"
        )
        raise BadOption(option="expect", value=file.path, reason=reason)
