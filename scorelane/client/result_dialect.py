"""Rewrites a result CSV for spreadsheets: with another delimiter, or a byte order mark."""

import codecs
import csv
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO

#: Names of delimiters, as the service takes them for uploads.
_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def delimiter_of(name: str) -> str:
    """Return the character that a delimiter's name stands for; a character stands for itself.

    Raises:
        ValueError: it cannot separate cells.
    """
    delimiter = _NAMES.get(name, name)
    if len(delimiter) != 1 or delimiter in '"\r\n\ufeff' or delimiter.isalnum():
        raise ValueError(
            f"{name!r} cannot separate cells. Use one character, or its name: {', '.join(_NAMES)}."
        )
    return delimiter


def rewrite(source: Iterable[bytes], target: BinaryIO, delimiter: str, *, bom: bool) -> None:
    """Write a CSV with another delimiter.

    Args:
        source: the lines of a CSV with commas, in UTF-8, with their line ends.
        target: where the new CSV is written.
        delimiter: one character.
        bom: whether the file begins with a byte order mark, by which Excel recognises UTF-8.
    """
    if bom:
        target.write(codecs.BOM_UTF8)
    target.writelines(rewritten((line.decode() for line in source), delimiter))


def rewritten(lines: Iterable[str], delimiter: str) -> Iterator[bytes]:
    """Yield the rows of a CSV with another delimiter, each with a line end.

    Args:
        lines: of a CSV with commas, with their line ends.
        delimiter: one character.
    """
    # Otherwise a carried text of more than 128 Ki characters is an error.
    csv.field_size_limit(sys.maxsize)
    for row in csv.reader(lines, strict=True):
        yield (delimiter.join(_cell(cell, delimiter) for cell in row) + "\n").encode()


def _cell(text: str, delimiter: str) -> str:
    if any(sign in text for sign in (delimiter, '"', "\r", "\n", "\t")):
        return '"' + text.replace('"', '""') + '"'
    return text
