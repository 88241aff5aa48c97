"""Which words a `deep` model is to know."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import pandas as pd

from shared.model import TEXT
from training.emoji import READ_AS_WORDS

#: Cuts texts as the Treebank does, and reads emoji as words.
TOKENISER = READ_AS_WORDS

#: In a file of so many texts, a word must be in two of them.
_MANY = 5_000


def frequent_words(train: pd.DataFrame) -> list[str]:
    """All words of the texts by the share of a file's texts that have them.

    Each file has an equal say.
    """
    return _ranked(_shares(train))


def numbered_words(train: pd.DataFrame, given: Iterable[str], most: int) -> dict[str, int]:
    """The words that are given, and the most frequent others: word -> 1 .. `most`."""
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
    # By share, then by the word itself: the same data gives the same numbers.
    return sorted(shares, key=lambda word: (-shares[word], word))
