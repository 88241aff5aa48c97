"""Explains any model of texts by occlusion: the score of a text less that of it without a word.

Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014), do so with parts
of images. The effects do not add up to anything, because words act together.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import override

from shared.card import Card
from shared.jobs.added_outputs import EFFECT, EXPLAINED, EXPLANATION, Explanation
from shared.model import Scorer
from shared.signature import Output

#: The most different words of a text that are left out in turn: its first ones. It bounds the cost
#: of a row, which is scored once more for each word.
MOST_WORDS = 40

#: The digits of an effect after the point. The last bits of a network's scores may depend on the
#: rows that are scored with a row.
DIGITS = 6

#: Texts that are scored at once.
_TEXTS = 4096

_WORD = re.compile(r"\w+")


class OccludedTexts(Scorer):
    """A model of texts whose frame has an explanation after its outputs."""

    def __init__(self, model: Scorer, numbers: Scorer, terms: int) -> None:
        """Take a model.

        Args:
            model: gives the outputs that are wanted.
            numbers: gives all outputs of the model.
            terms: the most words of a row that are named.
        """
        self.card: Card = model.card
        self._model, self._numbers, self._terms = model, numbers, terms
        self._explained = explained_outputs(model.card.signature.outputs)

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        name = self.card.signature.inputs[0].name
        texts = frame[name].tolist()
        words = [_words_of(text) for text in texts]
        variants = [
            _without(text, word) for text, own in zip(texts, words, strict=True) for word in own
        ]
        numbers = self._numbers_of(name, [*texts, *variants])
        whole, occluded = numbers[: len(texts)], numbers[len(texts) :]
        chosen = whole.argmax(axis=1)
        explained = whole[np.arange(len(texts)), chosen]
        rows, begin = [], 0
        for row, own in enumerate(words):
            scores = occluded[begin : begin + len(own), chosen[row]]
            begin += len(own)
            rows.append(_largest(own, np.round(explained[row] - scores, DIGITS), self._terms))
        outputs = Explanation(terms=self._terms).outputs
        # What is not set below: effects of occlusion do not add up.
        added: dict[str, Sequence[Any]] = {one.name: [None] * len(texts) for one in outputs}
        for at in range(self._terms):
            found = [row[at] if at < len(row) else (None, np.nan) for row in rows]
            added[EXPLANATION.format(at + 1)] = [word for word, _ in found]
            added[EFFECT.format(at + 1)] = [effect for _, effect in found]
        added[EXPLAINED] = [self._explained[at].of for at in chosen]
        typed = {
            one.name: pd.Series(
                added[one.name],
                frame.index,
                dtype=object if one.type == "string" else np.float64,
            )
            for one in outputs
        }
        return pd.concat([self._model.score(frame), pd.DataFrame(typed)], axis=1)

    def _numbers_of(self, name: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """The explained outputs of n texts: n x E."""
        names = [one.name for one in self._explained]
        runs = [np.empty((0, len(names)))]
        for at in range(0, len(texts), _TEXTS):
            frame = pd.DataFrame({name: pd.Series(texts[at : at + _TEXTS], dtype=object)})
            runs.append(self._numbers.score(frame)[names].to_numpy(dtype=np.float64))
        return np.concatenate(runs)


def explained_outputs(outputs: Sequence[Output]) -> list[Output]:
    """The numbers of a model of which one is explained for each row; none: it has no such number.

    That is its score; or the probability of the most probable class; or its only prediction.
    """
    for meaning in ("score", "expected value"):
        if found := [one for one in outputs if one.meaning == meaning]:
            return found[:1]
    if found := [one for one in outputs if one.meaning == "probability" and one.of is not None]:
        return found
    found = [one for one in outputs if one.meaning == "prediction" and one.is_number]
    return found if len(found) == 1 else []


def _words_of(text: str) -> list[str]:
    """The first different words of a text, without regard to case."""
    different = dict.fromkeys(match.casefold() for match in _WORD.findall(text))
    return list(different)[:MOST_WORDS]


def _without(text: str, word: str) -> str:
    """The text without a word, wherever it occurs."""
    return _WORD.sub(lambda found: "" if found[0].casefold() == word else found[0], text)


def _largest(
    words: Sequence[str], effects: npt.NDArray[np.float64], terms: int
) -> list[tuple[str, float]]:
    """The largest effects, by their size and then by the alphabet; without those of 0."""
    # A text without this word may have no score.
    known = [(w, e) for w, e in zip(words, effects.tolist(), strict=True) if np.isfinite(e) and e]
    return sorted(known, key=lambda one: (-abs(one[1]), one[0]))[:terms]
