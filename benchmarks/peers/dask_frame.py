"""Scores a CSV with Dask's `map_partitions`, in a cluster of two processes.

python dask_frame.py reviews.csv scores/ models/fast/model.pkl
"""

import sys
import time
from pathlib import Path
from typing import Any

import dask  # type: ignore[import-not-found]  # installed in its own environment
import dask.dataframe as dd  # type: ignore[import-not-found]  # as above
import joblib
import pandas as pd
from distributed import Client, LocalCluster  # type: ignore[import-not-found]  # as above


def scored(rows: pd.DataFrame, pipeline: Any) -> pd.DataFrame:
    """The result rows of a partition."""
    scores = pipeline.predict_proba(rows["text"])[:, 1]
    return pd.DataFrame({"ref": rows["ref"], "Sentiment_Score": scores})


def main(source: str, target: str, model: str) -> float:
    """Score a file; returns the seconds, without starting the cluster and importing libraries."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.run(joblib.load, model)  # imports scikit-learn in every process
        started = time.perf_counter()
        pipeline = dask.delayed(joblib.load)(model)
        rows = dd.read_csv(source, blocksize="4MB", keep_default_na=False)
        meta = {"ref": "int64", "Sentiment_Score": "float32"}
        found = rows.map_partitions(scored, pipeline, meta=meta)
        found.to_csv(str(Path(target) / "*.csv"), index=False)
        return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3]))
