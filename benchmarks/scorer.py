"""Scores texts by one method in a process on one core, for the benchmark `scoring`.

Each method has its own process, so that none is affected by another's libraries, memory or threads.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

#: Environment variables that limit libraries to one thread, because each method gets one core.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "POLARS_MAX_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ),
    "1",
)

Score = Callable[[list[str]], npt.NDArray[np.float64]]


class Scorer:
    """A scoring process, controlled by its parent; a context manager.

    Args:
        way: the method: `ours`, `pipeline` (scikit-learn's) or `predict` (Keras's).
        folders: the model folders; only one for `predict`.
        texts: a JSON file with a list of the texts.
    """

    def __init__(self, way: str, folders: list[Path], texts: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.scorer", way, str(texts), *map(str, folders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        self._stdin, self._stdout = _pipe(self._process.stdin), _pipe(self._process.stdout)

    def __enter__(self) -> Self:
        """Wait until the models are loaded and warmed up."""
        self._answer()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End the process."""
        self._stdin.close()
        self._process.wait()
        self._stdout.close()

    def rate(self, model: int, rows: int) -> float:
        """Rows per second of processor time, for the first `rows` texts in one call.

        On an idle core this equals wall-clock time; on a busy core it remains comparable.
        """
        return rows / float(self._ask(model=model, rows=rows))

    def latency(self, model: int, rows: int) -> float:
        """The median milliseconds of a call with one text, over the first `rows` texts."""
        return 1000 * float(self._ask(model=model, rows=rows, singly=True))

    def scores(self, model: int, rows: int, path: Path) -> npt.NDArray[np.float64]:
        """The scores of the first `rows` texts; `path` is a temporary file for the transfer."""
        self._ask(model=model, rows=rows, path=str(path))
        found: npt.NDArray[np.float64] = np.load(path)
        return found

    def _ask(self, **what: Any) -> Any:
        self._stdin.write(json.dumps(what) + "\n")
        self._stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        line = self._stdout.readline()
        if not line:
            raise RuntimeError("a scorer has ended; its error is above")
        return json.loads(line)


def main(way: str, texts: list[str], folders: list[Path]) -> None:
    """Load models, then answer one JSON command per line until stdin ends."""
    ways = {"ours": _ours, "pipeline": _pipeline, "predict": _predict}
    models = ways[way](folders)
    for score in models:
        score(texts[:64])
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        score, these = models[command["model"]], texts[: command["rows"]]
        singly = command.get("singly", False)
        # Latency is wall-clock time; throughput is processor time.
        clock = time.perf_counter if singly else time.process_time
        seconds = []
        for call in [[text] for text in these] if singly else [these]:
            started = clock()
            found = score(call)
            seconds.append(clock() - started)
        if "path" in command:
            np.save(command["path"], found)
        print(json.dumps(float(np.median(seconds))), flush=True)


def _ours(folders: list[Path]) -> list[Score]:
    import pandas as pd  # noqa: PLC0415  each method imports only what it needs

    from shared.model import SCORE, TEXT, Model, load_model  # noqa: PLC0415

    def scoring(model: Model) -> Score:
        model.warm_up()
        return lambda texts: model.score(pd.DataFrame({TEXT: pd.Series(texts, dtype=object)}))[
            SCORE
        ].to_numpy()

    _take_one_core()
    return [scoring(load_model(folder)) for folder in folders]


def _pipeline(folders: list[Path]) -> list[Score]:
    import joblib  # noqa: PLC0415
    import sklearn.pipeline  # noqa: F401, PLC0415  imported while there are two cores

    def scoring(pipeline: Any) -> Score:
        return lambda texts: pipeline.predict_proba(texts)[:, 1]

    _take_one_core()
    return [scoring(joblib.load(folder / "model.pkl")) for folder in folders]


def _predict(folders: list[Path]) -> list[Score]:
    import keras  # noqa: F401, PLC0415  imported while there are two cores

    from benchmarks.references import keras_script  # noqa: PLC0415

    _take_one_core()
    [folder] = folders
    keras_script.load(str(folder))
    return [keras_script.scores]


def _take_one_core() -> None:
    # Libraries may start threads in spite of the variables; on one core these bring no speed.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the process was started without a pipe")
    return pipe


if __name__ == "__main__":
    main(
        sys.argv[1],
        json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")),
        [Path(folder) for folder in sys.argv[3:]],
    )
