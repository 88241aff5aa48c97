"""Checks that a Keras model can give scores. This module needs no TensorFlow."""

from typing import Any

import numpy as np
import numpy.typing as npt

#: The number of words read from a text if neither the model nor its card sets it: the length of
#: the longest sentence in the Stanford Sentiment Treebank (Socher et al., EMNLP 2013).
MAX_LENGTH = 56


def check_word_numbers(highest: int, words: int) -> None:
    """Check that every number of a word index has a row in an embedding of `words` rows.

    Raises:
        ValueError: the index has a higher number.
    """
    if highest >= words:
        raise ValueError(
            f"its word index goes up to {highest}, but its embedding only has rows 0 to "
            f"{words - 1}; give --num-words if its Tokenizer had num_words, else the word index "
            "seems to belong to another model"
        )


def checked_length(of_model: int | None, of_card: Any) -> int:
    """The number of words read from a text: the model's, else its card's, else `MAX_LENGTH`.

    Raises:
        ValueError: the card's length is not a whole number above 0, or differs from the model's.
    """
    if of_card is not None and (type(of_card) is not int or of_card < 1):
        raise ValueError("its card's max_length is not a whole number above 0")
    if of_model and of_card and of_model != of_card:
        raise ValueError(f"it takes {of_model} words, but its card's max_length is {of_card}")
    return of_model or of_card or MAX_LENGTH


def brief(error: Exception) -> str:
    """The message of a library's exception as one line of at most 300 characters."""
    return " ".join(str(error).split())[:300]


def check_outputs(outputs: npt.NDArray[np.float32], rows: npt.NDArray[np.int32]) -> None:
    """Check that n rows of K outputs are probabilities, or single numbers in 0..1.

    The output of a text without any known word may be no number: Keras averages no words at all to
    0 / 0. The score of such a text is then NaN, which is an error of its row.

    Args:
        outputs: an array of n x K.
        rows: the word numbers that gave them, an array of n x words.

    Raises:
        ValueError: they are not; the message says why.
    """
    without_words = ~rows.any(axis=1) & np.isnan(outputs).all(axis=1)
    outputs = outputs[~without_words]
    classes = outputs.shape[1]
    if not np.isfinite(outputs).all() or outputs.min() < -1e-6 or outputs.max() > 1 + 1e-6:
        raise ValueError(
            f"it gives numbers outside 0..1 ({outputs.min():.3g} to {outputs.max():.3g}); its last "
            "layer must be a softmax, or a sigmoid of one unit"
        )
    if classes == 1 and len(outputs) > 1 and (outputs == 1).all():
        raise ValueError(
            "it gives 1 for every text; its last layer seems to be a softmax of one unit, which is "
            "always 1. Use a sigmoid, and train it again"
        )
    if classes > 1 and not np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            f"its {classes} outputs do not add up to 1, as those of several sigmoids "
            "(multi-label): they have no mean. End the model with a softmax, or with the one "
            "sigmoid that is the score"
        )
