"""Rows to be scored: their texts, their refs, and the errors of those that cannot be scored."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Half of a surrogate pair. JSON may hold one, UTF-8 may not.
_HALF = re.compile("[\ud800-\udfff]")


@dataclass
class Rows:
    """Rows as they were sent, as lists of equal length.

    Attributes:
        refs: the refs.
        texts: the texts; empty for a row with an error.
        errors: why a row cannot be scored; None if it can.
        extras: a list of cells for each carried column, in the order of `Spec.columns`.
    """

    refs: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    extras: list[list[str]] = field(default_factory=list)

    def add(
        self,
        ref: str,
        text: object,
        max_text_chars: int,
        error: str | None = None,
        extras: Sequence[str] = (),
    ) -> None:
        """Add a row; if its text cannot be scored, the row gets an error.

        Args:
            ref: the ref, as the result returns it.
            text: the value to be scored.
            max_text_chars: a longer text is an error.
            error: why the row cannot be read.
            extras: a cell for each carried column.

        Raises:
            ValueError: the rows before carry another number of columns.
        """
        if extras:
            self._begin(len(extras))
        error = error or text_error(text, max_text_chars)
        self.refs.append(ref)
        self.texts.append("" if error else str(text))
        self.errors.append(error)
        for column, cell in zip(self.extras, extras, strict=True):
            column.append(cell)

    def extend(self, other: "Rows") -> None:
        """Append all rows of `other`.

        Raises:
            ValueError: the two carry different numbers of columns.
        """
        if not other.refs:
            return
        if other.extras:
            self._begin(len(other.extras))
        self.refs += other.refs
        self.texts += other.texts
        self.errors += other.errors
        for column, cells in zip(self.extras, other.extras, strict=True):
            column.extend(cells)

    def _begin(self, columns: int) -> None:
        """Let the first rows determine the number of carried columns."""
        if not (self.refs or self.extras):
            self.extras = [[] for _ in range(columns)]

    def run(self, begin: int, end: int) -> "Rows":
        """A copy of the rows from `begin` to before `end`."""
        extras = [column[begin:end] for column in self.extras]
        return Rows(self.refs[begin:end], self.texts[begin:end], self.errors[begin:end], extras)

    def __len__(self) -> int:
        return len(self.refs)


def count_errors(errors: list[str | None]) -> int:
    """The number of rows with an error."""
    return len(errors) - errors.count(None)


def text_error(text: object, max_text_chars: int) -> str | None:
    """Why a value cannot be scored as a text; None if it can."""
    if text is None:
        return "the text is missing"
    if not isinstance(text, str):
        return f"the text is not a string but {json.dumps(text)[:40]}"
    if len(text) > max_text_chars:
        return f"the text has {len(text):,} characters; at most {max_text_chars:,} are scored"
    if not text or text.isspace():
        return "the text is empty"
    return _bad_character(text)


def _bad_character(text: str) -> str | None:
    if "\0" in text:
        return f"the text has a NUL character, at position {text.index(chr(0)) + 1}"
    if not text.isascii() and (half := _HALF.search(text)):
        sign = f"\\u{ord(half[0]):04x}"
        return f"the text has half of a character ({sign}), at position {half.start() + 1}"
    return None


def numbers_of(first_row: int, rows: int) -> list[str]:
    """The refs of rows that were sent without refs: their numbers, from 1.

    Args:
        first_row: the number of the first row, from 0.
        rows: how many rows.
    """
    return list(map(str, range(first_row + 1, first_row + rows + 1)))


def rows_of(
    refs: list[str], texts: list[str], max_text_chars: int, extras: list[list[str]]
) -> Rows:
    """Make rows of texts without a NUL; the texts are checked one by one only if one is bad."""
    errors: list[str | None] = [None] * len(texts)
    lengths = set(map(len, texts))
    if 0 in lengths or max(lengths, default=0) > max_text_chars or any(map(str.isspace, texts)):
        errors = [text_error(text, max_text_chars) for text in texts]
        texts = ["" if error else text for text, error in zip(texts, errors, strict=True)]
    return Rows(refs, texts, errors, extras)
