"""Chooses the words of a `deep` model's word index."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import pandas as pd

from shared.model import TEXT
from training.emoji import READ_AS_WORDS

#: The tokeniser of `deep` models: cuts texts as the Treebank does, and reads emoji as words.
TOKENISER = READ_AS_WORDS

#: In a file with at least this many texts, a word must occur in two of them.
_MANY = 5_000


def frequent_words(train: pd.DataFrame) -> list[str]:
    """All words of the texts, the most frequent first.

    The frequency of a word is the sum over the files of the share of a file's texts that hold it,
    so each file has equal influence.
    """
    return _ranked(_shares(train))


def numbered_words(train: pd.DataFrame, given: Iterable[str], most: int) -> dict[str, int]:
    """Number the given words and the most frequent others: word -> 1 .. `most`."""
    shares = _shares(train)
    kept = list(dict.fromkeys([*given, *_ranked(shares)]))[:most]
    ranked = _ranked({word: shares.get(word, 0.0) for word in kept})
    return {word: number for number, word in enumerate(ranked, start=1)}


def _shares(train: pd.DataFrame) -> dict[str, float]:
    shares: dict[str, float] = defaultdict(float)
    for _, texts in train.groupby("source")[TEXT]:
        counts = Counter(word for text in texts for word in set(TOKENISER.words(text)))
        once = 1 if len(texts) < _MANY else 2
        for word, count in counts.items():
            if count >= once:
                shares[word] += count / len(texts)
    return shares


def _ranked(shares: dict[str, float]) -> list[str]:
    # Ties are broken by the word itself, so that the same data gives the same numbers.
    return sorted(shares, key=lambda word: (-shares[word], word))
