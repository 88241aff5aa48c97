"""Makes rows from the inputs of a network, to compare it, to warm it up and to measure it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.networks.feeds import Feed, Feeds
from shared.signature import Input

#: The standard deviations of generated numbers: networks take scaled numbers, or scale them.
_SCALES = (1, 1, 10, 1000)

#: The words of generated strings, unless others are given.
_WORDS = ("it", "was", "a", "good", "day", "and", "the", "food", "that", "we", "had", "bad", "at")

#: The most words of a generated text, and the largest generated whole number without a limit.
_LONGEST, _LARGEST = 40, 100


def rows_for(
    feeds: Feeds,
    inputs: Sequence[Input],
    rows: int,
    *,
    words: Sequence[str] = (),
    seed: int = 0,
) -> pd.DataFrame:
    """Make rows that a network can take.

    Args:
        feeds: the network's inputs.
        inputs: the inputs of the signature, which say the types of the columns.
        rows: the number of rows.
        words: the strings that the network knows.
        seed: the seed of the random choices.
    """
    random = np.random.default_rng(seed)
    types = {one.name: one.type for one in inputs}
    made: dict[str, npt.NDArray[np.generic]] = {}
    text_only = [one.type for one in inputs] == ["string"]
    known = list(words or _WORDS)
    for feed in feeds.each:
        for column in feed.columns:
            if types[column] == "string":
                made[column] = _strings(random, known, rows, _LONGEST if text_only else 1)
            else:
                made[column] = _numbers(random, feed, types[column], rows)
    return pd.DataFrame({one.name: made[one.name] for one in inputs})


def _numbers(
    random: np.random.Generator, feed: Feed, kind: str, rows: int
) -> npt.NDArray[np.generic]:
    if kind == "boolean":
        return random.integers(0, 2, rows).astype(bool)
    if feed.below is not None or kind == "long":
        return random.integers(0, feed.below or _LARGEST, rows).astype(np.int64)
    numbers: npt.NDArray[np.float64] = random.normal(size=rows) * random.choice(_SCALES, rows)
    numbers[random.random(rows) < 1 / 20] = 0
    return numbers


def _strings(
    random: np.random.Generator, words: list[str], rows: int, longest: int
) -> npt.NDArray[np.object_]:
    made = np.empty(rows, dtype=object)
    for row in range(rows):
        count = 1 if longest == 1 else int(random.integers(1, longest))
        chosen = [words[n] for n in random.integers(0, len(words), count)]
        if random.random() < 1 / 10:
            chosen[-1] = "Zorgly"  # no network knows it
        made[row] = " ".join(chosen)
    return made
