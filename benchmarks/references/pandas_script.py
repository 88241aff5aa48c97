"""Scores a CSV with pandas and a pickled pipeline, in one process or several.

python -m benchmarks.references.pandas_script reviews.csv scores.csv models/fast/model.pkl 2
"""

import sys
import time
from multiprocessing import Pool
from typing import Any

import joblib
import numpy.typing as npt
import pandas as pd

#: The number of rows per task of a process.
CHUNK_ROWS = 20_000

pipeline: Any = None


def load(path: str) -> None:
    """Load the model for this process and its forks."""
    global pipeline  # noqa: PLW0603  the pool's forks inherit it
    pipeline = joblib.load(path)


def scores(texts: Any) -> npt.NDArray[Any]:
    """The probability of the positive class."""
    found: npt.NDArray[Any] = pipeline.predict_proba(texts)[:, 1]
    return found


def scored(chunk: pd.DataFrame) -> pd.DataFrame:
    """The result rows of a chunk."""
    return pd.DataFrame({"ref": chunk["ref"], "Sentiment_Score": scores(chunk["text"])})


def main(source: str, target: str, model: str, processes: int) -> float:
    """Score a file; returns the seconds, without loading the model."""
    load(model)
    started = time.perf_counter()
    if processes == 1:
        scored(pd.read_csv(source, keep_default_na=False)).to_csv(target, index=False)
        return time.perf_counter() - started
    # The processes of the pool are forks, so they have the model.
    with Pool(processes) as pool:
        chunks = pd.read_csv(source, keep_default_na=False, chunksize=CHUNK_ROWS)
        for number, rows in enumerate(pool.imap(scored, chunks)):
            first = number == 0
            rows.to_csv(target, mode="w" if first else "a", header=first, index=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
