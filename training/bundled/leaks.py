"""Finds training texts that are too similar to the texts that a model is measured on."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_WORDS = re.compile(r"\w+")

#: The length of an n-gram in words; unrelated texts rarely share one.
_RUN = 4


class Leaks:
    """Protected texts, and a test whether other texts are too similar to one of them."""

    def __init__(self, protected: Iterable[str]) -> None:
        self._whole: set[str] = set()
        self._run_counts: list[int] = []
        self._texts_with: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, text in enumerate(protected):
            words = _words(text)
            self._whole.add(" ".join(words))
            runs = _runs(words)
            self._run_counts.append(len(runs))
            for run in runs:
                self._texts_with[run].append(number)

    def among(self, texts: Iterable[str]) -> npt.NDArray[np.bool_]:
        """For each of n texts, whether it is too similar to a protected text.

        Two texts are too similar if they are equal except for case and punctuation, or if they
        share at least half of the 4-grams of words of one of them.
        """
        return np.array([self._is_similar(_words(text)) for text in texts], dtype=bool)

    def _is_similar(self, words: list[str]) -> bool:
        if " ".join(words) in self._whole:
            return True
        runs = _runs(words)
        shared = Counter(number for run in runs for number in self._texts_with.get(run, ()))
        return any(
            2 * count >= min(len(runs), self._run_counts[number])
            for number, count in shared.items()
        )


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
