"""Finds texts that would give away what a model is measured on."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_WORDS = re.compile(r"\w+")

#: Words in a run that two texts share hardly by chance.
_RUN = 4


class Leaks:
    """Texts that are kept apart, and what comes too near to one of them."""

    def __init__(self, kept_apart: Iterable[str]) -> None:
        self._whole: set[str] = set()
        self._runs_in: list[int] = []
        self._texts_with: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, text in enumerate(kept_apart):
            words = _words(text)
            self._whole.add(" ".join(words))
            runs = _runs(words)
            self._runs_in.append(len(runs))
            for run in runs:
                self._texts_with[run].append(number)

    def among(self, texts: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Which of n texts come too near to one that is kept apart.

        They are the same but for case and punctuation, or share half of the runs of four words: of
        their own, or of the other's.
        """
        return np.array([self._is_near(_words(text)) for text in texts], dtype=bool)

    def _is_near(self, words: list[str]) -> bool:
        if " ".join(words) in self._whole:
            return True
        runs = _runs(words)
        shared = Counter(number for run in runs for number in self._texts_with.get(run, ()))
        return any(
            2 * count >= min(len(runs), self._runs_in[number]) for number, count in shared.items()
        )


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
