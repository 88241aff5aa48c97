"""Rows to be scored: the values of their inputs, their refs, and the errors of bad rows."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.signature import SENTIMENT, Input
from shared.tables.cells import parse_cell, parse_cells, text_problem
from shared.tables.spans import joined
from shared.tables.typed_columns import Column, empty_column, filler


class CsvColumns(Protocol):
    """Says which cells of a CSV are which columns; `shared.tables.csv_layout.CsvLayout` does."""

    @property
    def delimiter(self) -> str:
        """The character between the cells."""

    @property
    def width(self) -> int:
        """Cells in a record."""

    @property
    def inputs(self) -> tuple[int, ...]:
        """Indexes of the cells with the inputs."""

    @property
    def ref(self) -> int | None:
        """Index of the cell with the ref; None: no such column."""

    @property
    def carried(self) -> tuple[int, ...]:
        """Indexes of the cells that are carried through to the results."""


@dataclass(frozen=True)
class ReadOptions:
    """How the cells of rows are read.

    Attributes:
        inputs: the columns that the model takes.
        max_text_chars: a longer text is an error in its row.
        max_record_bytes: a longer record is an error in its row; the same limit as when parts were
            cut.
        decimal: the decimal sign of numbers in a text file.
        read_csv: reads ordinary records of a CSV in compiled code; None: they are read in Python.
    """

    max_text_chars: int
    max_record_bytes: int
    inputs: tuple[Input, ...] = SENTIMENT.inputs
    decimal: str = "."
    read_csv: "ReadCsv | None" = None

    @property
    def only_text(self) -> bool:
        """Whether a row is one text, which must not be empty; see `Signature.takes_text`."""
        return [(one.type, one.required) for one in self.inputs] == [("string", True)]


@dataclass
class Rows:
    """Rows as they were sent, as columns of equal length.

    Attributes:
        refs: the refs.
        inputs: the values of each input, as `shared.tables.cells.Column`; a row with an error has
            fillers there, or an empty text.
        errors: why a row cannot be scored; None if it can.
        extras: a list of cells for each carried column, in the order of `Spec.columns`.
    """

    refs: Sequence[str] = field(default_factory=list)
    inputs: list[Column] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    extras: Sequence[Sequence[str]] = field(default_factory=list)

    def add(
        self,
        ref: str,
        cells: Sequence[Any],
        options: ReadOptions,
        error: str | None = None,
        extras: Sequence[str] = (),
    ) -> None:
        """Add a row; if it cannot be scored, it gets an error.

        Args:
            ref: the ref, as the result returns it.
            cells: the cell of each input, as it was sent; of a row with an error, any.
            options: what is read.
            error: why the row cannot be read.
            extras: a cell for each carried column.

        Raises:
            ValueError: the rows before carry another number of columns.
        """
        self._begin(options, len(extras))
        values, error = _values(cells, options, error)
        self.refs = joined(self.refs, [ref])
        self.inputs = [
            joined(column, [value]) for column, value in zip(self.inputs, values, strict=True)
        ]
        self.errors.append(error)
        self.extras = [joined(*one) for one in zip(self.extras, zip(extras), strict=True)]

    def extend(self, other: "Rows") -> None:
        """Append all rows of `other`.

        Raises:
            ValueError: the two differ in their number of inputs or carried columns.
        """
        if not other.refs:
            return
        if not self.refs:
            self.refs, self.errors = other.refs[:], other.errors[:]
            self.inputs = [column[:] for column in other.inputs]
            self.extras = [column[:] for column in other.extras]
            return
        self.refs = joined(self.refs, other.refs)
        self.inputs = [joined(*pair) for pair in zip(self.inputs, other.inputs, strict=True)]
        self.errors += other.errors
        self.extras = [joined(*pair) for pair in zip(self.extras, other.extras, strict=True)]

    def _begin(self, options: ReadOptions, columns: int) -> None:
        """Let the first row determine the number of carried columns."""
        if not self.inputs:
            self.inputs = [empty_column(column) for column in options.inputs]
            self.extras = [[] for _ in range(columns)]

    def run(self, begin: int, end: int) -> "Rows":
        """A copy of the rows from `begin` to before `end`."""
        inputs = [column[begin:end] for column in self.inputs]
        extras = [column[begin:end] for column in self.extras]
        return Rows(self.refs[begin:end], inputs, self.errors[begin:end], extras)

    def __len__(self) -> int:
        return len(self.refs)


#: Reads ordinary records of a CSV, all at once: the same as `csv_records` finds. Takes the content,
#: the offset of a record in it, the number of its row, the columns, and what is read. Returns the
#: offset of the first record that must be read by itself, and the rows before it.
ReadCsv = Callable[[bytes, int, int, CsvColumns, ReadOptions], tuple[int, Rows]]


def _values(
    cells: Sequence[Any], options: ReadOptions, error: str | None
) -> tuple[list[Any], str | None]:
    """The values of a row, and its error."""
    if options.only_text:
        error = error or text_error(cells[0], options.max_text_chars)
        return ["" if error else cells[0]], error
    if error is None:
        try:
            return [
                parse_cell(column, cell, options.max_text_chars, options.decimal)
                for column, cell in zip(options.inputs, cells, strict=True)
            ], None
        except ValueError as problem:
            error = str(problem)
    return [filler(column) for column in options.inputs], error


def count_errors(errors: list[str | None]) -> int:
    """The number of rows with an error."""
    return len(errors) - errors.count(None)


def text_error(text: object, max_text_chars: int) -> str | None:
    """Why a value cannot be scored as a text; None if it can."""
    if text is None:
        return "the text is missing"
    if not isinstance(text, str):
        return f"the text is not a string but {json.dumps(text)[:40]}"
    problem = text_problem(text, max_text_chars)
    if len(text) > max_text_chars:
        return f"the text has {problem}"
    if not text or text.isspace():
        return "the text is empty"
    return problem and f"the text has {problem}"


def numbers_of(first_row: int, rows: int) -> list[str]:
    """The refs of rows that were sent without refs: their numbers, from 1.

    Args:
        first_row: the number of the first row, from 0.
        rows: how many rows.
    """
    return list(map(str, range(first_row + 1, first_row + rows + 1)))


def rows_of(
    refs: Sequence[str],
    cells: Sequence[list[Any]],
    options: ReadOptions,
    extras: Sequence[Sequence[str]],
) -> Rows:
    """Make rows of columns of cells.

    Args:
        refs: of all rows.
        cells: a column of cells for each input, as they were sent. If the rows are texts, they are
            strings without a NUL or half of a character.
        options: what is read.
        extras: a column of cells for each carried column.
    """
    errors: list[str | None] = [None] * len(refs)
    if options.only_text:
        texts = cells[0]
        lengths = set(map(len, texts))
        most = options.max_text_chars
        # The texts are checked one by one only if one is bad.
        if 0 in lengths or max(lengths, default=0) > most or any(map(str.isspace, texts)):
            errors = [text_error(text, most) for text in texts]
            texts = ["" if error else text for text, error in zip(texts, errors, strict=True)]
        return Rows(refs, [texts], errors, extras)
    inputs = []
    for column, found in zip(options.inputs, cells, strict=True):
        values, problems = parse_cells(column, found, options.max_text_chars, options.decimal)
        inputs.append(values)
        for row, problem in problems.items():
            errors[row] = errors[row] or problem
    return Rows(refs, inputs, errors, extras)
