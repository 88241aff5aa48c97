"""Adds to the outputs of a model of texts what it has read of them; see `shared.reach`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.words.languages import Languages
from scoring.words.word_terms import Reach
from shared.reach import CUT, KNOWN, OTHER_LANGUAGE, WORDS


def with_reach_columns(
    found: pd.DataFrame,
    texts: Sequence[str],
    reach: Reach,
    languages: Languages,
    cut: npt.NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Outputs with the columns of `shared.reach` after them.

    Args:
        found: the outputs of n texts.
        texts: the texts.
        reach: the number of words that were read of each, and of those that are known; n x 2.
        languages: finds texts of other languages.
        cut: whether there were more words in each; None: there never are.
    """
    columns: dict[Any, Any] = {name: found[name] for name in found}
    columns |= reach_columns(texts, reach, languages, cut)
    return pd.DataFrame(columns, index=found.index, copy=False)


def reach_columns(
    texts: Sequence[str],
    reach: Reach,
    languages: Languages,
    cut: npt.NDArray[np.bool_] | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """The columns of `shared.reach` for n texts; see `with_reach_columns` for the arguments."""
    words, known = reach[:, 0], reach[:, 1]
    return {
        WORDS: words.astype(np.int64),
        KNOWN: known.astype(np.int64),
        CUT: np.zeros(len(texts), dtype=bool) if cut is None else cut,
        OTHER_LANGUAGE: languages.other(texts, words, known),
    }
