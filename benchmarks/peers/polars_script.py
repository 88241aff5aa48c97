"""Scores a CSV with Polars, and the model in a pool of two processes.

python polars_script.py reviews.csv scores/ models/fast/model.pkl
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import polars as pl

#: The number of rows per task of a process.
CHUNK_ROWS = 20_000

pipeline: Any = None


def load(path: str) -> None:
    """Load the model for this process, and import scikit-learn with it."""
    global pipeline  # noqa: PLW0603  the pool's way to keep a model
    pipeline = joblib.load(path)


def scores(texts: list[str]) -> Any:
    """The probability of the positive class, for each text."""
    return pipeline.predict_proba(texts)[:, 1]


def main(source: str, target: str, model: str) -> float:
    """Score a file; returns the seconds, without starting the processes and loading the model."""
    # Polars has threads of its own, so its manual forbids `fork`.
    spawn = get_context("spawn")
    with ProcessPoolExecutor(2, spawn, initializer=load, initargs=(model,)) as pool:
        list(pool.map(scores, [["good"]] * 8))
        started = time.perf_counter()
        rows = pl.read_csv(source)
        texts = rows["text"].fill_null("").to_list()
        chunks = [texts[at : at + CHUNK_ROWS] for at in range(0, len(texts), CHUNK_ROWS)]
        found = np.concatenate(list(pool.map(scores, chunks)))
        scored = rows.select("ref", pl.Series("Sentiment_Score", found))
        scored.write_csv(Path(target) / "scores.csv")
        return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3]))
