"""Scores a CSV with Ray Data's `map_batches`, in a pool of two actors.

python ray_data.py reviews.csv scores/ models/fast/model.pkl
"""

import logging
import sys
import time

import joblib
import pandas as pd
import ray  # type: ignore[import-not-found]  # installed in its own environment

#: The number of blocks: by default one file is one block, which only one actor would score.
BLOCKS = 16

BATCH_ROWS = 4096


class Scorer:
    """An actor that holds the model."""

    def __init__(self, model: str) -> None:
        self.pipeline = joblib.load(model)

    def __call__(self, batch: pd.DataFrame) -> pd.DataFrame:
        """The result rows of a batch."""
        scores = self.pipeline.predict_proba(batch["text"])[:, 1]
        return pd.DataFrame({"ref": batch["ref"], "Sentiment_Score": scores})


def main(source: str, target: str, model: str) -> float:
    """Score a file; returns the seconds, without starting Ray, but with starting the pool."""
    logging.disable(logging.WARNING)
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    started = time.perf_counter()
    rows = ray.data.read_csv(source, override_num_blocks=BLOCKS)
    scored = rows.map_batches(
        Scorer,
        fn_constructor_args=(model,),
        batch_format="pandas",
        batch_size=BATCH_ROWS,
        compute=ray.data.ActorPoolStrategy(size=2),
        # Half a core per actor: with a whole one, none would be left for reading and writing.
        num_cpus=0.5,
    )
    scored.write_csv(target)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3]))
