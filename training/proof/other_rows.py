"""Rows changed as a script may change them before it calls its model, to be tried."""

import html
import re
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shared.model import Model
from shared.signature import Input
from shared.tables.cells import MISSING_WORDS
from training.proof.proposal import Proposal

#: How many columns of an array are tried in every order.
_MOST_ORDERED = 5

_PUNCTUATION = str.maketrans("", "", string.punctuation)

#: What a script may do with a text before its model gets it.
_TEXTS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("texts in lower case", str.lower),
    ("white space cut off at both ends of texts", str.strip),
    ("texts in lower case and without white space at both ends", lambda text: text.lower().strip()),
    ("one space for any white space in texts", lambda text: " ".join(text.split())),
    ("texts without punctuation", lambda text: text.translate(_PUNCTUATION)),
    (
        "texts in lower case without punctuation",
        lambda text: text.lower().translate(_PUNCTUATION),
    ),
    ("texts without HTML", lambda text: html.unescape(re.sub(r"<[^>]+>", " ", text))),
)

_IN_SCRIPT = (
    "your script changes the rows before the model gets them, and the service does not: make the "
    "step a part of the model, or expect the outputs of the rows as they are"
)

_BY_PANDAS = (
    "pandas has read the column so in your script; a job takes a text as it is written. Read it "
    "with dtype=str and keep_default_na=False there"
)


def other_rows(model: Model) -> Iterator[Proposal]:
    """The model with rows that are changed first in a usual way."""
    inputs = model.card.signature.inputs
    texts = [one for one in inputs if one.type == "string"]
    optional = [one.name for one in texts if not one.required]
    for setting, change in _TEXTS if texts else ():
        yield _changed(model, setting, [one.name for one in texts], change, _IN_SCRIPT)
    yield _changed(
        model, "words such as NA as missing values", optional, _without_words, _BY_PANDAS
    )
    yield _changed(
        model, "numbers in columns of texts as 1.0, and not 1", optional, _as_double, _BY_PANDAS
    )
    yield _changed(
        model,
        "whole numbers in columns of texts without zeros at their beginning",
        [one.name for one in texts],
        _as_long,
        _BY_PANDAS,
    )
    yield _changed(
        model, "true and false in columns of texts as 1 and 0", list(optional), _as_bit, _BY_PANDAS
    )
    for filler in ("", "nan", "None", "missing", "unknown"):
        yield _filled(model, f"the text '{filler}' for missing values", texts, filler)
    numbers = [one for one in inputs if one.type in ("double", "long")]
    for number in (0, -1, -999):
        yield _filled(model, f"{number} for missing numbers", numbers, number)
    doubles = [one.name for one in inputs if one.type == "double"]
    if doubles:
        yield Proposal(
            "With numbers rounded to 32 bits (float32)",
            lambda rows: model.score(
                rows.assign(
                    **{one: rows[one].astype("float32").astype("float64") for one in doubles}
                )
            ),
            _IN_SCRIPT,
        )


def orders(inputs: Sequence[Input], of_file: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Orders in which the columns of an array may have been, the likeliest ones first.

    Args:
        inputs: the inputs, in the order that is thought to be the array's.
        of_file: their names in the order of the user's file.
    """
    from itertools import permutations  # noqa: PLC0415  a name that is used once

    names = tuple(one.name for one in inputs)
    likely = (tuple(of_file), tuple(sorted(names)), names[::-1])
    others = permutations(names) if len(names) <= _MOST_ORDERED else ()
    for order in dict.fromkeys((*likely, *others)):
        if order != names and len(order) == len(names):
            yield order


def _changed(
    model: Model, setting: str, names: list[str], change: Callable[[str], Any], advice: str
) -> Proposal:
    def score(rows: pd.DataFrame) -> pd.DataFrame:
        changed = {
            name: pd.Series(
                [change(value) if isinstance(value, str) else value for value in rows[name]],
                dtype=object,
                index=rows.index,
            )
            for name in names
        }
        return _scored_if_changed(model, rows, changed)

    return Proposal(f"With {setting}", score, advice)


def _filled(model: Model, setting: str, inputs: Sequence[Input], filler: Any) -> Proposal:
    names = [one.name for one in inputs if not one.required]

    def score(rows: pd.DataFrame) -> pd.DataFrame:
        changed = {name: rows[name].where(rows[name].notna(), filler) for name in names}
        return _scored_if_changed(model, rows, changed)

    return Proposal(f"With {setting}", score, _IN_SCRIPT)


def _scored_if_changed(
    model: Model, rows: pd.DataFrame, changed: dict[str, "pd.Series[Any]"]
) -> pd.DataFrame:
    """Score changed rows.

    Raises:
        ValueError: no row has changed, so there is nothing to try.
    """
    if all(column.equals(rows[name]) for name, column in changed.items()):
        raise ValueError("it changes nothing")
    return model.score(rows.assign(**changed))


def _without_words(text: str) -> Any:
    return np.nan if text.strip() in MISSING_WORDS else text


def _as_double(text: str) -> str:
    return f"{text}.0" if re.fullmatch(r"-?\d+", text, re.ASCII) else text


def _as_long(text: str) -> str:
    return str(int(text)) if re.fullmatch(r"\d+", text, re.ASCII) else text


def _as_bit(text: str) -> str:
    return {"true": "1", "false": "0"}.get(text.lower(), text)
