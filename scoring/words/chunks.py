"""Scores texts in chunks that stay in a processor's caches."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

#: Texts per chunk: enough to share the cost of the calls, few enough for the processor's caches.
_ROWS = 2048


def chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts, some at a time."""
    return (texts[begin : begin + _ROWS] for begin in range(0, len(texts), _ROWS))


def by_chunks(
    function: Callable[[Sequence[str]], npt.NDArray[Any]], texts: Sequence[str]
) -> npt.NDArray[Any]:
    """What a function gives for n texts, n >= 1, when it gets some of them at a time."""
    return np.concatenate([function(chunk) for chunk in chunks(texts)])
