"""Scores a CSV with a Keras model and its word index, in one process or several.

python -m benchmarks.references.keras_script reviews.csv scores.csv models/deep 2
"""

import json
import os
import re
import sys
import time
from multiprocessing import Pool, get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

#: The number of words read from a text if the model has a variable input length.
MAX_LENGTH = 256

#: The number of rows per task of a process.
CHUNK_ROWS = 5_000

model: Any = None
word_idx: dict[str, int] = {}
replace: list[tuple[str, str]] = []
find_words = re.compile(r"n't|'(?:s|re|ve|ll|d|m)\b|\w+|[!?]").findall


def load(folder: str, loaded: Barrier | None = None) -> None:
    """Load and warm up the model in a process; wait until all processes have done so."""
    # Imported here, because a fork of a process that has imported TensorFlow hangs.
    import keras  # noqa: PLC0415

    global model, word_idx, replace  # noqa: PLW0603  set by the pool's initialiser
    model = keras.models.load_model(Path(folder) / "model.hdf5", compile=False)
    word_idx = json.loads((Path(folder) / "word_idx.json").read_text(encoding="utf-8"))
    card = json.loads((Path(folder) / "card.json").read_text(encoding="utf-8"))
    replace = card["options"]["replace"]
    scores(["a good film"] * 64)
    if loaded:
        loaded.wait()


def numbers(texts: Any) -> npt.NDArray[np.int32]:
    """The word numbers of the first words of each text, padded with zeros."""
    unknown, length = word_idx.get("<unk>", 0), model.input_shape[1]
    rows = []
    for text in texts:
        words = text.lower()
        for old, new in replace:
            words = words.replace(old, new)
        words = find_words(words)[: length or MAX_LENGTH]
        rows.append([word_idx.get(word, unknown) for word in words])
    padded = np.zeros((len(rows), length or max(1, *map(len, rows))), dtype=np.int32)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded


def scores(texts: Any) -> npt.NDArray[Any]:
    """The expected midpoints of the deciles."""
    outputs = model.predict(numbers(texts), batch_size=32, verbose=0)
    middles = (np.arange(outputs.shape[1]) + 0.5) / outputs.shape[1]
    found: npt.NDArray[Any] = (outputs.astype(np.float64) / outputs.sum(axis=1)[:, None]) @ middles
    return found


def scored(chunk: pd.DataFrame) -> pd.DataFrame:
    """The result rows of a chunk."""
    return pd.DataFrame({"ref": chunk["ref"], "Sentiment_Score": scores(chunk["text"])})


def main(source: str, target: str, folder: str, processes: int) -> float:
    """Score a file; returns the seconds, without starting Python and TensorFlow."""
    if processes == 1:
        load(folder)
        started = time.perf_counter()
        scored(pd.read_csv(source, keep_default_na=False)).to_csv(target, index=False)
        return time.perf_counter() - started
    loaded = get_context().Barrier(processes + 1)
    with Pool(processes, initializer=load, initargs=(folder, loaded)) as pool:
        loaded.wait()
        started = time.perf_counter()
        chunks = pd.read_csv(source, keep_default_na=False, chunksize=CHUNK_ROWS)
        for number, rows in enumerate(pool.imap(scored, chunks)):
            first = number == 0
            rows.to_csv(target, mode="w" if first else "a", header=first, index=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
