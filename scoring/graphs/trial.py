"""Made-up rows for a signature, with which a model is tried."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shared.signature import Signature

_TEXTS = (
    "I am well",
    "It was terrible, I want my money back.",
    "\N{WHITE SMILING FACE}",
    "This is wonderful, the best that I have ever seen!",
    "a",
    "Bad, awful, the worst.",
)

#: The orders of magnitude of the numbers that are tried.
_MAGNITUDES = (1.0, 1.0, 10.0, 100.0, 1000.0)


def trial_frame(
    signature: Signature, rows: int, words: Mapping[str, Sequence[str]] | Sequence[str] = ()
) -> pd.DataFrame:
    """Rows of the signature's inputs, the same ones at each call.

    Args:
        signature: its inputs become the columns, with the types of `shared.model.Model.score`.
        rows: how many.
        words: values that strings may take.
    """
    rng = np.random.default_rng(1)
    texts = list(words) or list(_TEXTS)
    columns: dict[str, Any] = {}
    for column in signature.inputs:
        if column.type == "string":
            if signature.takes_text and not words:
                chosen = [texts[i % len(texts)] for i in range(rows)]
            else:
                chosen = [texts[i] for i in rng.integers(0, len(texts), rows)]
            columns[column.name] = np.array(chosen, dtype=object)
        elif column.type == "boolean":
            columns[column.name] = rng.integers(0, 2, rows).astype(bool)
        elif column.type == "long":
            columns[column.name] = rng.integers(0, 10 ** rng.integers(1, 4, rows))
        elif column.type == "datetime":
            days = rng.integers(0, 20_000, rows).astype("timedelta64[D]")
            columns[column.name] = np.datetime64("1970-01-01", "ns") + days
        else:
            columns[column.name] = rng.normal(size=rows) * rng.choice(_MAGNITUDES, rows)
    frame = pd.DataFrame(columns)
    for column in signature.inputs:
        if column.type == "long" and not column.required:
            frame[column.name] = frame[column.name].astype(np.float64)
        elif column.type in ("string", "boolean") and (
            column.type == "string" or not column.required
        ):
            frame[column.name] = frame[column.name].astype(object)
    return frame
