"""Reads the first texts of an upload, to be shown next to their scores."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

#: Ending of an upload -> the delimiter of its cells.
_DELIMITERS = {".csv": ",", ".tsv": "\t"}

_NDJSON = (".ndjson", ".jsonl")

#: No line of an upload that is read here is longer, in characters.
_LINE_CHARS = 2**20


def first_texts(file: Path, column: str, most: int, *, quoted: bool = True) -> list[str]:
    """The texts of the first rows of a CSV, TSV or NDJSON in UTF-8, also of a compressed one.

    Args:
        file: the upload.
        column: the name of the column with the texts.
        most: how many texts to read at most.
        quoted: whether quotes may enclose a cell; otherwise they are characters like any other.

    Returns:
        The texts; none if the file is not such a one, or has no such column: no texts are better
        than wrong ones.
    """
    # A pipe that was uploaded cannot be read again: reading it would wait for ever.
    if not file.is_file():
        return []
    name = file.name.lower()
    ending = Path(name.removesuffix(".gz")).suffix
    try:
        with (
            gzip.open(file, "rt", encoding="utf-8-sig", newline="")
            if name.endswith(".gz")
            else file.open(encoding="utf-8-sig", newline="")
        ) as lines:
            bounded = iter(lambda: lines.readline(_LINE_CHARS), "")
            if ending in _NDJSON:
                rows = _ndjson_rows(bounded)
            elif ending in _DELIMITERS or ending not in (".json", ".parquet"):
                rows = _csv_rows(bounded, _DELIMITERS.get(ending, ","), quoted=quoted)
            else:
                return []
            texts = [_text_in(row, column) for row in islice(rows, most)]
            return texts if any(texts) else []
    except (OSError, EOFError, ValueError, KeyError, TypeError, csv.Error):
        return []


def _csv_rows(lines: Iterable[str], delimiter: str, *, quoted: bool) -> Iterator[dict[str, Any]]:
    if not quoted:
        return csv.DictReader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.DictReader(lines, delimiter=delimiter, strict=True)


def _ndjson_rows(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    return (dict(json.loads(line)) for line in lines if line.strip())


def _text_in(row: dict[str, Any], column: str) -> str:
    # The names of a header are compared without the spaces around them, as the service does.
    texts = [value for name, value in row.items() if name is not None and name.strip() == column]
    return "" if texts in ([], [None]) else str(texts[-1])
