"""Scores a CSV of ten columns with pandas and a pickled model, in one process or several.

python -m benchmarks.references.table_script customers.csv scores.csv logistic.pkl 2
"""

import sys
import time
from multiprocessing import Pool
from typing import Any

import joblib
import pandas as pd

#: The number of rows per task of a process.
CHUNK_ROWS = 20_000

pipeline: Any = None


def load(path: str) -> None:
    """Load the model for this process and its forks."""
    global pipeline  # noqa: PLW0603  the pool's forks inherit it
    pipeline = joblib.load(path)


def scored(chunk: pd.DataFrame) -> pd.DataFrame:
    """The result rows of a chunk.

    Its refs, and the most probable classes and all probabilities, or a regressor's predictions.
    """
    if not hasattr(pipeline, "predict_proba"):
        predictions = pipeline.predict(chunk[pipeline.feature_names_in_])
        return pd.DataFrame({"ref": chunk["ref"], "prediction": predictions})
    probabilities = pipeline.predict_proba(chunk[pipeline.feature_names_in_])
    names = [f"probability_{label}" for label in pipeline.classes_]
    found = pd.DataFrame(probabilities, columns=names, index=chunk.index)
    found.insert(0, "ref", chunk["ref"])
    found.insert(1, "label", pipeline.classes_[probabilities.argmax(axis=1)])
    return found


def main(source: str, target: str, model: str, processes: int) -> float:
    """Score a file; returns the seconds, without loading the model."""
    load(model)
    started = time.perf_counter()
    if processes == 1:
        scored(pd.read_csv(source)).to_csv(target, index=False)
        return time.perf_counter() - started
    # The processes of the pool are forks, so they have the model.
    with Pool(processes) as pool:
        chunks = pd.read_csv(source, chunksize=CHUNK_ROWS)
        for number, rows in enumerate(pool.imap(scored, chunks)):
            first = number == 0
            rows.to_csv(target, mode="w" if first else "a", header=first, index=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
