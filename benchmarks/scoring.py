"""Scoring alone, on one core: our runtimes against `predict_proba` and `model.predict`."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks import fitted, reviews
from benchmarks.report import BadUse, Options, Table, faster, interleave, quicker, within
from benchmarks.scorer import Scorer
from benchmarks.service import service
from shared.config.places import BUNDLED_MODELS

#: The number of rows that pipelines are fitted to.
FIT_ROWS = 20_000

#: Pipeline that has fast code -> minimum ratio. Others must not be slower than the reference; two
#: equal contestants differ by up to 5 %.
FLOORS = {"fast": 8.0, "words": 8.0, "pairs": 8.0, "search": 8.0, "letters": 8.0}
FLOORS |= {"calibrated": 8.0, "folds": 4.0, "hashing": 8.0, "characters": 5.0}
NOT_SLOWER = 0.95

#: The maximum difference of our scores from the reference's.
PIPELINE_DIFFERENCE = 1e-9
KERAS_DIFFERENCE = 1e-5


def run(options: Options) -> list[Table]:
    """Compare rates, latencies and scores; measure a worker that serves the bundled models."""
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
        return [
            _pipelines(options, Path(folder)),
            _networks(options, Path(folder)),
            _worker(options),
        ]


def _pipelines(options: Options, folder: Path) -> Table:
    rows, rounds = (5_000, 1) if options.quick else (10_000, 5)
    texts, rows = _texts(options, rows, folder)
    about = (
        f"{rows:,} texts, {rounds} interleaved rounds, one core each, rows per second of processor "
        f"time. Scores may differ by {PIPELINE_DIFFERENCE:.0e}; the last column says by how much."
    )
    table = Table(
        "scikit-learn pipelines: our runtime, and `predict_proba` of the same .pkl",
        ("pipeline", "ours", "predict_proba"),
        notes=[about],
    )
    training_texts = reviews.texts(2_000 if options.quick else FIT_ROWS, fitted.SEED)
    folders = {"the bundled model `fast`": BUNDLED_MODELS / "fast"}
    folders |= {
        fitted.TITLES[name]: fitted.fit(name, folder / "models", training_texts)
        for name in fitted.PIPELINES
    }
    ours = Scorer("ours", list(folders.values()), texts)
    theirs = Scorer("pipeline", list(folders.values()), texts)
    with ours, theirs:
        for number, (title, model) in enumerate(folders.items()):
            difference = _difference(ours, theirs, number, rows, folder)
            table.check(difference <= PIPELINE_DIFFERENCE, f"{title}: off by {difference:.1e}")
            rates = _interleaved(ours.rate, theirs.rate, number, rows, rounds)
            floor = FLOORS.get(model.name, NOT_SLOWER)
            table.rows.append(faster(title, *rates, floor=floor, note=f"{difference:.0e}"))
    return table


def _networks(options: Options, folder: Path) -> Table:
    rows, singles, rounds = (1_000, 10, 1) if options.quick else (4_000, 20, 3)
    texts, rows = _texts(options, rows, folder)
    about = (
        f"{rows:,} texts, {rounds} interleaved rounds, one core each, text to score in both, rows "
        f"per second of processor time. Scores may differ by {KERAS_DIFFERENCE:.0e}."
    )
    table = Table(
        "Keras models: our runtime, and `model.predict(batch_size=32)` of the same .hdf5",
        ("model", "ours", "predict"),
        notes=[about],
    )
    # In a new process, because TensorFlow must not be imported in this one.
    networks = folder / "networks"
    command = [sys.executable, "-m", "benchmarks.fitted", str(networks)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        raise BadUse(f"The Keras models could not be made:\n{built.stderr[-2000:]}")
    for title, model, floor, floor_of_one in (
        ("the bundled model `deep`", BUNDLED_MODELS / "deep", 10.0, 50.0),
        (fitted.TITLES["swish"], networks / "swish", 4.0, None),
        (fitted.TITLES["attention"], networks / "attention", 4.0, None),
    ):
        ours, theirs = Scorer("ours", [model], texts), Scorer("predict", [model], texts)
        with ours, theirs:
            difference = _difference(ours, theirs, 0, rows, folder)
            rates = _interleaved(ours.rate, theirs.rate, 0, rows, rounds)
            times = _interleaved(ours.latency, theirs.latency, 0, singles, rounds)
        table.check(difference <= KERAS_DIFFERENCE, f"{title}: off by {difference:.1e}")
        table.rows += [
            faster(title, *rates, floor=floor, note=f"{difference:.0e}"),
            quicker(f"{title}: one row", *times, floor=floor_of_one),
        ]
    return table


def _worker(options: Options) -> Table:
    """Start the service with both bundled models, and measure its worker processes."""
    seconds, memory, imported = [], [], 0
    for _ in range(1 if options.quick else 3):
        with service(env={"SCORELANE_SERVE": "fast,deep"}) as running:
            seconds.append(running.ready_seconds)
            for pid in running.pids["worker processes"]:
                memory.append(psutil.Process(pid).memory_info().rss / 2**20)
                libraries = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
                imported += "tensorflow" in libraries
    table = Table("A worker that serves `fast` and `deep`, in two processes", ("", "ours", ""))
    table.rows += [
        within("from its start to ready", seconds, 6, unit="s"),
        within("resident memory of a process", max(memory), 400, unit="MB"),
        within("processes that have imported TensorFlow", imported, 0, unit=""),
    ]
    return table


def _interleaved(
    ours: Callable[[int, int], float],
    theirs: Callable[[int, int], float],
    model: int,
    rows: int,
    rounds: int,
) -> tuple[list[float], list[float]]:
    contestants = {"ours": lambda: ours(model, rows), "theirs": lambda: theirs(model, rows)}
    found = interleave(contestants, rounds)
    return found["ours"], found["theirs"]


def _texts(options: Options, rows: int, folder: Path) -> tuple[Path, int]:
    these = reviews.chosen(options, rows)
    path = folder / f"texts-{rows}.json"
    path.write_text(json.dumps(these), encoding="utf-8")
    return path, len(these)


def _difference(ours: Scorer, theirs: Scorer, model: int, rows: int, folder: Path) -> float:
    path = folder / "scores.npy"
    return float(np.abs(ours.scores(model, rows, path) - theirs.scores(model, rows, path)).max())
