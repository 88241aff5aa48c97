"""Reads, checks and splits labelled texts in CSV files."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from shared.model import TEXT
from training.data_errors import BadLabelledRow, NotLabelled, TooFewLabels
from training.labelled_cells import Reading, check_reading, read_cells
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

_SPLITS = {"train": TRAIN, "": TRAIN, "dev": DEV, "valid": DEV, "validation": DEV, "test": TEST}


def read_labelled(
    paths: Sequence[Path],
    *,
    detokenise: bool = False,
    reading: Reading = Reading(),  # noqa: B008  it is frozen
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
    check_reading(reading)
    frame = pd.concat([_read_one(Path(path), reading) for path in paths], ignore_index=True)
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


def _read_one(path: Path, reading: Reading) -> pd.DataFrame:
    cells, names = read_cells(path, reading)
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
