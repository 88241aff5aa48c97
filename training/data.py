"""Reads, checks and splits labelled texts in CSV files."""

import codecs
import csv
import gzip
import logging
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from shared.errors.input import BadOption
from shared.model import TEXT
from training.data_errors import BadLabelledRow, NotLabelled, TooFewLabels, UnreadableData
from training.foreign_data import foreign
from training.treebank import detokenise as natural

logger = logging.getLogger(__name__)

TRAIN, DEV, TEST = "train", "dev", "test"

#: Labels that are words, and their scores. A label that is a number is 0 or 1.
_WORDS = {
    "false": 0.0,
    "true": 1.0,
    "negative": 0.0,
    "neg": 0.0,
    "neutral": 0.5,
    "neu": 0.5,
    "positive": 1.0,
    "pos": 1.0,
}
_WANTED = {
    "score": "a number from 0 to 1",
    "label5": "a whole number from 0 to 4",
    "label": "0 or 1, or negative, neutral or positive",
}
#: What a column must hold whose name says nothing.
_WANTED_OF_OTHERS = (
    "0 or 1, negative, neutral or positive, or a number from 0 to 1 (of 0 to 4: call it label5)"
)
_NAMES_OF_DELIMITERS = {
    "comma": ",",
    "pipe": "|",
    "semicolon": ";",
    "space": " ",
    "tab": "\t",
    r"\t": "\t",
}

#: The longest cell that can be read, in characters; csv's own limit is smaller than a long text.
_CELL_CHARS = 64 * 2**20
_SPLITS = {"train": TRAIN, "": TRAIN, "dev": DEV, "valid": DEV, "validation": DEV, "test": TEST}


@dataclass(frozen=True)
class Reading:
    """How labelled files are read.

    Attributes:
        text_column: the column of the texts.
        label_column: the column of the labels; None: `score`, `label5` and `label`, whichever are
            there. A column of another name holds what `label` may hold, or numbers from 0 to 1.
        delimiter: the character between two cells, or its name; None: a tab in a `.tsv`, otherwise
            a comma.
        charset: the character encoding.
    """

    text_column: str = TEXT
    label_column: str | None = None
    delimiter: str | None = None
    charset: str = "utf-8"


def read_labelled(
    paths: Sequence[Path],
    *,
    detokenise: bool = False,
    reading: Reading = Reading(),
) -> pd.DataFrame:
    """Read labelled CSV files (`.csv`, `.tsv`, each also with `.gz`) into one frame.

    Each row's label is the first that is not empty of: `score` (0..1), `label5` (0..4, the fifths
    of 0..1), `label` (0 and 1, also as 0.0 and 1.0 or False and True, or negative, neutral,
    positive). Rows without a text are left out, and logged. Labels of a row may not contradict each
    other.

    Args:
        paths: the files.
        detokenise: undo Penn Treebank tokenising in the texts.
        reading: names of columns, delimiter and charset.

    Returns:
        A frame with these columns: `text`; `score`, float in 0..1; `coarse`, bool: only the fifth
        of the score is known (from `label5`), and `score` is its midpoint; `bare`, bool: the score
        comes from a `label`; `split`: `train`, `dev`, `test`, or None if the file has no such
        column; `source`: the file's name without its endings.

    Raises:
        training.data_errors.LabelledDataError: a file cannot be read, or a row cannot be used.
        shared.errors.input.BadOption: there is no such charset, or the delimiter is no character.
    """
    _check(reading)
    frame = pd.concat([_read_one(Path(path), reading) for path in paths], ignore_index=True)
    if detokenise:
        frame[TEXT] = [natural(text) for text in frame[TEXT]]
    return frame


def _check(reading: Reading) -> None:
    try:
        "a".encode(reading.charset)
    except LookupError as error:
        reason = "Python knows no such text encoding"
        raise BadOption(option="charset", value=reading.charset, reason=reason) from error
    if reading.delimiter is not None:
        delimiter = _NAMES_OF_DELIMITERS.get(reading.delimiter.lower(), reading.delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n':
            reason = "write one character, or comma, semicolon, tab, pipe or space"
            raise BadOption(option="delimiter", value=reading.delimiter, reason=reason)


def split(frame: pd.DataFrame, *, seed: int, dev_share: float = 0.1) -> pd.DataFrame:
    """Assign a split to every row, and drop from `train` every text that is also in another split.

    Rows of files without a column `split` are drawn by text, so that all rows with the same text
    get the same split.

    Args:
        frame: labelled rows, as `read_labelled` returns them.
        seed: the seed of the draw.
        dev_share: the share of texts that become `dev`.

    Raises:
        training.data_errors.TooFewLabels: `train` or `dev` lacks negative or positive rows.
    """
    frame = frame.copy()
    free = frame["split"].isna()
    texts = np.sort(frame.loc[free, TEXT].unique())
    drawn = np.random.default_rng(seed).random(len(texts)) < dev_share
    frame.loc[free, "split"] = np.where(frame.loc[free, TEXT].isin(texts[drawn]), DEV, TRAIN)
    for held_out in (DEV, TEST):
        here = frame["split"] == held_out
        elsewhere = ~frame[TEXT].isin(frame.loc[here, TEXT]) | (frame["split"] == TEST)
        frame = frame[here | elsewhere].reset_index(drop=True)
    for side in (TRAIN, DEV):
        scores = frame.loc[frame["split"] == side, "score"]
        negative, positive = int((scores < 0.5).sum()), int((scores > 0.5).sum())
        if not (negative and positive):
            raise TooFewLabels(
                purpose="train from",
                found=f"{negative} negative and {positive} positive rows in '{side}'",
                needed="both in 'train' and in 'dev'; some hundred rows in all, or more",
            )
    return frame


def _read_one(path: Path, reading: Reading) -> pd.DataFrame:
    cells, names = _read_cells(path, reading)
    text = reading.text_column
    known = [reading.label_column] if reading.label_column else list(_WANTED)
    known = [column for column in known if column in names]
    if reason := _fault_of(names, text, known, reading.label_column):
        raise NotLabelled(path=path.name, reason=reason, found=", ".join(names) or "none")
    empty = cells[text].str.strip() == ""
    if empty.all():
        raise NotLabelled(path=path.name, reason="no rows", found=", ".join(names))
    if empty.any():
        logger.warning("%s: %d rows have no text and are left out", path.name, empty.sum())
        cells = cells[~empty]

    score = pd.Series(np.nan, index=cells.index)
    coarse, bare = (pd.Series(data=False, index=cells.index) for _ in range(2))
    for column in known:
        given = cells[column].str.strip()
        kind = column if column in _WANTED else _kind_of(given)
        value = _values(kind, given)
        wanted = _WANTED[kind] if column in _WANTED else _WANTED_OF_OTHERS
        _refuse(path, (given != "") & value.isna(), f"{column} is not {wanted}", given)
        opposed = (score - 0.5) * (value - 0.5) < 0
        _refuse(path, opposed, f"{column} contradicts another label of the row", given)
        new = score.isna() & value.notna()
        score = score.where(~new, value)
        coarse |= new & (kind == "label5")
        bare |= new & (kind == "label")
    _refuse(path, score.isna(), f"there is no {' or '.join(known)}")
    frame = pd.DataFrame({TEXT: cells[text], "score": score, "coarse": coarse, "bare": bare})
    frame["split"] = _splits(path, cells)
    frame["source"] = path.name.split(".")[0]
    return frame


def _fault_of(names: list[str], text: str, known: list[str], wanted: str | None) -> str:
    """What keeps a file with columns of these names from being used; empty if nothing does."""
    if text not in names:
        return f"no column '{text}'"
    if not known:
        return f"no column '{wanted}'" if wanted else "no label"
    if text in known:
        return f"one column, '{text}', for both texts and labels"
    repeated = [name for name in (text, *known, "split") if names.count(name) > 1]
    return f"two columns '{repeated[0]}'" if repeated else ""


def _read_cells(path: Path, reading: Reading) -> tuple[pd.DataFrame, list[str]]:
    """The cells of a file as strings, and the names of its columns, which may be repeated."""
    delimiter = reading.delimiter
    if delimiter is None:
        delimiter = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ","
    delimiter = _NAMES_OF_DELIMITERS.get(delimiter.lower(), delimiter)
    charset = "utf-8-sig" if codecs.lookup(reading.charset).name == "utf-8" else reading.charset
    csv.field_size_limit(_CELL_CHARS)
    rows: list[list[str]] = []
    try:
        if reason := foreign(path):
            raise UnreadableData(path=path, reason=reason)
        with (
            gzip.open(path, "rt", encoding=charset, newline="")
            if path.name.lower().endswith(".gz")
            else path.open(encoding=charset, newline="")
        ) as lines:
            # Strict, because a quote that is not closed would make one row of several.
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            names = [name.strip() for name in next(filter(None, reader), [])]
            rows.extend(_whole_rows(reader, len(names)))
    except csv.Error as error:
        raise UnreadableData(path=path, reason=f"line {reader.line_num}: {error}") from error
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        raise UnreadableData(path=path, reason=str(error)) from error
    if not names:
        raise UnreadableData(path=path, reason="it is empty")
    # Of a repeated name the last column stays; the first ones are not asked for.
    columns = zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True)
    return pd.DataFrame({name: pd.Series(cells, dtype="str") for name, cells in columns}), names


def _whole_rows(rows: Iterable[list[str]], cells: int) -> Iterator[list[str]]:
    for row in filter(None, rows):
        if len(row) != cells:
            raise csv.Error(f"it has {len(row)} cells, and the header has {cells}")
        yield row


def _kind_of(given: pd.Series) -> str:
    """What the labels of a column are whose name does not say it: of the kind `label` or `score`.

    Whole numbers above 1 are neither: in 0, 1, 2 a 2 may be the best label or a middle one.
    """
    filled = given[given != ""]
    return "label" if _values("label", filled).notna().all() else "score"


def _values(kind: str, given: pd.Series) -> pd.Series:
    """The scores that a column of labels gives; NaN where a cell is empty or wrong."""
    number = pd.to_numeric(given, errors="coerce")
    if kind == "label":
        # pandas writes 1.0 as soon as one label of a column is missing.
        return number.where(number.isin([0, 1]), given.str.lower().map(_WORDS))
    if kind == "score":
        return number.where(number.between(0, 1))
    return ((number + 0.5) / 5).where(number.isin(range(5)))


def _splits(path: Path, cells: pd.DataFrame) -> pd.Series | None:
    if "split" not in cells:
        return None
    given = cells["split"].str.strip().str.lower()
    _refuse(path, ~given.isin(_SPLITS), "split is not train, dev or test", given)
    return given.map(_SPLITS)


def _refuse(path: Path, wrong: pd.Series, reason: str, given: pd.Series | None = None) -> None:
    if wrong.any():
        first = int(wrong.to_numpy().argmax())
        found = "" if given is None else f" ('{given.iloc[first][:40]}')"
        # The index is the row's position in the file, also when rows without a text were dropped.
        row = wrong.index[first] + 1
        raise BadLabelledRow(path=path.name, row=row, reason=reason + found, count=int(wrong.sum()))
