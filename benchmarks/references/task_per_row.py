"""Scores a CSV with one Celery task per row.

ROWS_REDIS=redis://127.0.0.1/1 ROWS_MODEL=models/fast/model.pkl \
celery --app benchmarks.references.task_per_row worker --concurrency 2
ROWS_REDIS=redis://127.0.0.1/1 \
python -m benchmarks.references.task_per_row reviews.csv scores.csv
"""

import os
import sys
import time
from typing import Any

import pandas as pd
from celery import Celery, group
from celery.signals import worker_process_init

from benchmarks.references import pandas_script

redis = os.environ.get("ROWS_REDIS", "redis://127.0.0.1/1")

app = Celery("rows", broker=redis, backend=redis)


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery's
def load(**_: Any) -> None:
    """Load the model in each process of the worker."""
    pandas_script.load(os.environ["ROWS_MODEL"])


@app.task(name="score")  # type: ignore[untyped-decorator]  # Celery's
def score(text: str) -> float:
    """The score of a text."""
    return float(pandas_script.scores([text])[0])


def main(source: str, target: str) -> float:
    """Score a file; returns the seconds, with a worker that is ready."""
    score.delay("a good film").get()
    started = time.perf_counter()
    frame = pd.read_csv(source, keep_default_na=False)
    frame["Sentiment_Score"] = group(score.s(text) for text in frame["text"])().get()
    frame[["ref", "Sentiment_Score"]].to_csv(target, index=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2]))
