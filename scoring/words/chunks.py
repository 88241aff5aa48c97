"""Scores texts in chunks that stay in a processor's caches."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

#: Texts per chunk: enough to share the cost of the calls, few enough for the processor's caches.
_ROWS = 2048


def by_chunks(
    function: Callable[[Sequence[str]], npt.NDArray[Any]], texts: Sequence[str]
) -> npt.NDArray[Any]:
    """What a function gives for n texts, n >= 1, when it gets some of them at a time."""
    return np.concatenate([function(texts[at]) for at in chunks_of(len(texts))])


def chunks_of(rows: int) -> list[slice]:
    """The places of the chunks of n rows."""
    return [slice(begin, begin + _ROWS) for begin in range(0, rows, _ROWS)]
