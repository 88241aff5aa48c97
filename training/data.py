"""Reads, checks and splits labelled texts in CSV files."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from shared.model import TEXT
from training.data_errors import BadLabelledRow, NotLabelled, TooFewLabels, UnreadableData
from training.treebank import detokenise as natural

logger = logging.getLogger(__name__)

TRAIN, DEV, TEST = "train", "dev", "test"

#: Label -> score.
_WORDS = {
    "0": 0.0,
    "1": 1.0,
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
_SPLITS = {"train": TRAIN, "": TRAIN, "dev": DEV, "valid": DEV, "validation": DEV, "test": TEST}


def read_labelled(paths: Sequence[Path], *, detokenise: bool = False) -> pd.DataFrame:
    """Read labelled CSV files (`.csv`, `.csv.gz`) into one frame.

    The label of a row is the first non-empty cell of these columns: `score` (0..1), `label5` (0..4,
    the fifths of 0..1), `label` (0, 1, or negative, neutral, positive). Rows without a text are
    dropped, and their number is logged.

    Args:
        paths: the files; each must have a column `text`.
        detokenise: undo Penn Treebank tokenisation in the texts.

    Returns:
        A frame with these columns: `text`; `score`, float in 0..1; `coarse`, bool: only the fifth
        of the score is known (from `label5`), and `score` is its midpoint; `bare`, bool: the score
        comes from a `label`; `split`: `train`, `dev`, `test`, or None if the file has no such
        column;
        `source`: the file's name without its endings.

    Raises:
        training.data_errors.LabelledDataError: a file cannot be read, or a row cannot be used.
    """
    frame = pd.concat([_read_one(Path(path)) for path in paths], ignore_index=True)
    if detokenise:
        frame[TEXT] = [natural(text) for text in frame[TEXT]]
    return frame


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


def _read_one(path: Path) -> pd.DataFrame:
    cells = _read_cells(path)
    known = [column for column in _WANTED if column in cells]
    if TEXT not in cells or not known:
        missing = "no column 'text'" if TEXT not in cells else "no label"
        found = ", ".join(map(str, cells.columns)) or "none"
        raise NotLabelled(path=path.name, reason=missing, found=found)
    empty = cells[TEXT].str.strip() == ""
    if empty.all():
        raise NotLabelled(path=path.name, reason="no rows", found=", ".join(cells.columns))
    if empty.any():
        logger.warning("%s: %d rows have no text and are left out", path.name, empty.sum())
        cells = cells[~empty]

    score = pd.Series(np.nan, index=cells.index)
    coarse, bare = (pd.Series(data=False, index=cells.index) for _ in range(2))
    for column in known:
        given = cells[column].str.strip()
        value = _values(column, given)
        _refuse_rows(
            path, (given != "") & value.isna(), f"{column} is not {_WANTED[column]}", given
        )
        new = score.isna() & value.notna()
        score = score.where(~new, value)
        coarse |= new & (column == "label5")
        bare |= new & (column == "label")
    _refuse_rows(path, score.isna(), f"there is no {' or '.join(known)}")
    frame = pd.DataFrame({TEXT: cells[TEXT], "score": score, "coarse": coarse, "bare": bare})
    frame["split"] = _splits(path, cells)
    frame["source"] = path.name.split(".")[0]
    return frame


def _read_cells(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError as error:
        raise UnreadableData(path=path, reason="it is empty") from error
    except (OSError, EOFError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise UnreadableData(path=path, reason=str(error)) from error


def _values(column: str, given: pd.Series) -> pd.Series:
    """Convert a label column to scores; NaN where a cell is empty or invalid."""
    if column == "label":
        return given.str.lower().map(_WORDS)
    number = pd.to_numeric(given, errors="coerce")
    if column == "score":
        return number.where(number.between(0, 1))
    return ((number + 0.5) / 5).where(number.isin(range(5)))


def _splits(path: Path, cells: pd.DataFrame) -> pd.Series | None:
    if "split" not in cells:
        return None
    given = cells["split"].str.strip().str.lower()
    _refuse_rows(path, ~given.isin(_SPLITS), "split is not train, dev or test", given)
    return given.map(_SPLITS)


def _refuse_rows(path: Path, wrong: pd.Series, reason: str, given: pd.Series | None = None) -> None:
    if wrong.any():
        first = int(wrong.to_numpy().argmax())
        found = "" if given is None else f" ('{given.iloc[first][:40]}')"
        # The index is the row's position in the file, also when rows without a text were dropped.
        row = wrong.index[first] + 1
        raise BadLabelledRow(path=path.name, row=row, reason=reason + found, count=int(wrong.sum()))
