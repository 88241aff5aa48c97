"""The words that small models of texts know, and ways in which texts become their numbers."""

import numpy as np

from scoring.networks.filtered_words import DEFAULT_FILTERS
from training.added.proof_texts import PROOF

WORDS = [
    "i",
    "am",
    "well",
    "this",
    "is",
    "wonderful",
    "love",
    "it",
    "terrible",
    "hate",
    "bad",
    "at",
    "all",
    "the",
    "don't",
    "isn't",
]
WORD_IDX = {word: number for number, word in enumerate(WORDS, start=2)}
LENGTH = 9


#: How the texts of these models become numbers.
READING = {
    "token_pattern": r"\w+(?:'\w+)*",
    "unknown": "0",
    "padding": "post",
    "truncating": "post",
}


WITH_FILTERS = {"filters": "default", "lower": True, "unknown": "drop", "truncating": "pre"}


def tutorial_rows(texts):
    """Rows of numbers as Tokenizer() and pad_sequences() make them, written out."""
    cut = str.maketrans(dict.fromkeys(DEFAULT_FILTERS, " "))
    rows = np.zeros((len(texts), LENGTH), dtype=np.int32)
    for row, text in zip(rows, texts, strict=True):
        found = [WORD_IDX.get(word) for word in text.lower().translate(cut).split(" ")]
        numbers = [number for number in found if number is not None][-LENGTH:]
        row[LENGTH - len(numbers) :] = numbers
    return rows


TUTORIAL_TEXTS = [
    *PROOF,
    "It isn't\tbad\xa0AT all; I-am " * 4,
    "Zorgly well ...",
    "the\r\nwell (it)",
]
