"""Texts whose words are counted while they are scored."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from scoring.words.chunks import by_chunks, chunks
from scoring.words.word_terms import Reach

Floats = npt.NDArray[np.float64]


class CountedTexts(list[str]):
    """Texts of which whoever cuts them into words may note how many words it finds.

    Attributes:
        reach: what was counted; None: nobody has counted yet.
    """

    reach: Reach | None = None


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
