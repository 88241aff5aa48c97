"""What a Keras model must be like to give scores; no TensorFlow here."""

from typing import Any

import numpy as np
import numpy.typing as npt

#: The words read of a text where neither the model nor its card says how many: the longest
#: sentence of the Stanford Sentiment Treebank.
MAX_LENGTH = 56


def check_word_numbers(highest: int, words: int) -> None:
    """Check that every number of a word index has a row in an embedding of `words` rows.

    Raises:
        ValueError: one has none.
    """
    if highest >= words:
        raise ValueError(
            f"its word index goes up to {highest}, but its embedding has rows for 0 to "
            f"{words - 1} only; is it this model's word index?"
        )


def checked_length(of_model: int | None, of_card: Any) -> int:
    """The words read of a text: what the model says, else its card, else `MAX_LENGTH`.

    Raises:
        ValueError: the card's is no length, or not the model's.
    """
    if of_card is not None and (type(of_card) is not int or of_card < 1):
        raise ValueError("its card's max_length is not a whole number above 0")
    if of_model and of_card and of_model != of_card:
        raise ValueError(f"it takes {of_model} words, but its card's max_length is {of_card}")
    return of_model or of_card or MAX_LENGTH


def brief(error: Exception) -> str:
    """What an exception of a library says, on one line of at most 300 characters."""
    return " ".join(str(error).split())[:300]


def check_outputs(outputs: npt.NDArray[np.float32]) -> None:
    """Check n rows of K outputs to be probabilities, or single numbers in 0..1.

    Raises:
        ValueError: they are not.
    """
    classes = outputs.shape[1]
    if not np.isfinite(outputs).all() or outputs.min() < -1e-6 or outputs.max() > 1 + 1e-6:
        raise ValueError(
            f"it gives numbers outside 0..1 ({outputs.min():.3g} to {outputs.max():.3g}); its last "
            "layer must be a softmax, or a sigmoid of one unit"
        )
    if classes > 1 and not np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        raise ValueError(f"its {classes} outputs do not add up to 1; end the model with a softmax")
