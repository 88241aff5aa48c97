"""Proves by trial texts that a faster estimator gives scikit-learn's results."""

import logging
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)

#: The maximum difference from scikit-learn's results. Sums run in the same order, so most results
#: are identical.
_TOLERANCE = 1e-12

_TRIAL_ROWS = 400


def agrees(fast: Any, estimator: Any, vocabulary: Sequence[str]) -> bool:
    """Whether the results on trial texts are equal: numbers within the tolerance.

    Args:
        fast: the faster estimator.
        estimator: fitted, with `predict_proba` or `predict`.
        vocabulary: the words for the texts.
    """
    method = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
    texts = trial_texts(vocabulary)
    try:
        expected = np.asarray(getattr(estimator, method)(texts))
        found = np.asarray(getattr(fast, method)(texts))
        same = _are_equal(found, expected)
    # The estimator is user code. It may raise any exception for one of these texts, and still serve
    # all texts that it will ever get.
    except Exception as error:  # noqa: BLE001
        logger.warning("scikit-learn runs the pipeline: trial texts raise %s", type(error).__name__)
        return False
    if not same:
        logger.warning("scikit-learn runs the pipeline, because faster code gives other scores")
    return same


def _are_equal(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> bool:
    if found.shape != expected.shape:
        return False
    # Labels may be strings.
    if expected.dtype.kind not in "fiub":
        return found.dtype.kind == expected.dtype.kind and np.array_equal(found, expected)
    return np.allclose(found.astype(np.float64), expected, rtol=0, atol=_TOLERANCE)


#: Words for the trial texts: capitals, borders, white space, signs, letters beyond ASCII, unknown.
_ODD_WORDS = (
    *("", "I", "_", "42", "!", "don't", "a\nb", "unheard-of", "y" * 40, "x\u00e9", "\u00c9T\u00c9"),
    *("x1", "1x", "x_y", "don_t's", "h-h"),
    *("so!?", "(so):)", "\U0001f642\U0001f642so", "so\u2764\ufe0f"),
    *("a\u00a0b", "a\t\tb", "\u2003\u3000", "b\x1c\u0085b"),
    *("\u0130", "\u039f\u03a3", "na\u00efve", "\u2014", "\U0001f642", "\u4e2d\u6587", "e\u0301"),
)


#: Words for the trial texts of a model that knows none, because it hashes them.
_COMMON_WORDS = (
    *("the", "and", "not", "of", "I", "it", "was", "good", "bad", "very", "film", "service"),
    *("great", "awful", "never", "again", "waiting", "customer", "recommended", "disappointing"),
)


def trial_texts(vocabulary: Sequence[str]) -> list[str]:
    """Texts of words inside and outside a vocabulary; always the same for the same vocabulary."""
    random = Random(0)  # noqa: S311  nothing here is secret
    vocabulary = vocabulary or _COMMON_WORDS
    texts = []
    for _ in range(_TRIAL_ROWS):
        words = random.choices(vocabulary, k=random.randrange(25))
        words += random.choices(_ODD_WORDS, k=random.randrange(5)) + words[: random.randrange(3)]
        random.shuffle(words)
        text = random.choice((" ", ", ", ".")).join(words)
        texts.append(random.choice((text, text.lower(), text.upper(), text.title())))
    return texts
