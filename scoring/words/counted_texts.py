"""Texts whose words are counted while they are scored."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, overload

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from scoring.effects.linear_scores import LinearScores
from scoring.effects.top_effects import TopEffects
from scoring.words.chunks import by_chunks, chunks
from scoring.words.word_terms import Reach

Floats = npt.NDArray[np.float64]


class ExplainedTexts(Protocol):
    """Decides about texts, and says what moves each decision."""

    def explained(
        self, texts: Sequence[str], by: LinearScores, terms: int, reach: Reach | None
    ) -> tuple[Floats, TopEffects]:
        """The decisions and the effects; the counts of words go into `reach`, if not None."""


class CountedTexts(Sequence[str]):
    """Texts of which whoever cuts them into words may note how many words it finds.

    Attributes:
        texts: the texts.
        reach: what was counted; None: nobody has counted yet.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Take texts, without a copy."""
        self.texts = texts
        self.reach: Reach | None = None

    @override
    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    @override
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return self.texts[at]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)


def decided(
    decide: Callable[[Sequence[str], Reach | None], Floats], texts: Sequence[str]
) -> Floats:
    """What a function gives for n texts, n >= 1; the words of `CountedTexts` are counted, too.

    Args:
        decide: gives an array for some texts, and writes the counts of their words into its second
            argument, unless that is None.
        texts: the texts.
    """
    if not isinstance(texts, CountedTexts):
        return by_chunks(lambda chunk: decide(chunk, None), texts)
    found, counts = [], []
    for chunk in chunks(texts):
        reach = np.empty((len(chunk), 2), dtype=np.int32)
        found.append(decide(chunk, reach))
        counts.append(reach)
    texts.reach = np.concatenate(counts)
    return np.concatenate(found)


def explained_texts(
    decide: ExplainedTexts, texts: Sequence[str], by: LinearScores, terms: int
) -> list[tuple[Floats, TopEffects]]:
    """The decisions about n texts, n >= 1, and the effects; those of some texts at a time.

    The words of `CountedTexts` are counted, too.
    """
    if not isinstance(texts, CountedTexts):
        return [decide.explained(chunk, by, terms, None) for chunk in chunks(texts)]
    counts = [np.empty((len(chunk), 2), dtype=np.int32) for chunk in chunks(texts)]
    found = [
        decide.explained(chunk, by, terms, reach)
        for chunk, reach in zip(chunks(texts), counts, strict=True)
    ]
    texts.reach = np.concatenate(counts)
    return found
