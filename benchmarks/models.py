"""The start of a worker and its memory, by the number, kind and size of the models it serves."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks import reviews
from benchmarks.report import Options, Table, figure
from benchmarks.service import Running, service
from shared.config.places import BUNDLED_MODELS
from training.add_model import add_model

PROCESSES = 2

#: The sizes of the large models, in MB.
LARGE, QUICK = 300, 20


def run(options: Options) -> list[Table]:
    """Start a worker with each set of models; then run `scorelane score` without a service."""
    size = QUICK if options.quick else LARGE
    table = Table(f"A worker of {PROCESSES} processes", ("models", "", ""))
    table.notes = [
        "Seconds from the start of the worker until all its processes serve; then the memory of",
        "its main process and its processes together (PSS: shared pages count once), and of one",
        "process alone: resident, and not shared with any other (USS).",
    ]
    for title, make in _sets(size).items():
        with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
            models = Path(folder) / "models"
            models.mkdir()
            make(models)
            with service(PROCESSES, models, key="") as running:
                table.rows += _figures(title, running)
    return [table, _score_alone()]


def _figures(title: str, running: Running) -> list[Any]:
    started = psutil.Process(running.pids["worker"][0]).create_time()
    everything = [*running.pids["worker"], *running.pids["worker processes"]]
    of_all = [psutil.Process(pid).memory_full_info() for pid in everything]
    one = of_all[-1]
    return [
        figure(f"{title}: all processes ready", running.all_ready - started, unit="s"),
        figure("  all together, PSS", sum(each.pss for each in of_all) / 1e6, unit="MB"),
        figure("  one process, resident", one.rss / 1e6, unit="MB"),
        figure("  one process, USS", one.uss / 1e6, unit="MB"),
    ]


def _score_alone() -> Table:
    """`scorelane score` of 120 rows with `fast`, without a service."""
    table = Table("`scorelane score`, 120 rows, `fast`, no service", ("", "", ""))
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
        file = Path(folder) / "texts.csv"
        reviews.write_csv(file, 120, 1)
        command = [str(Path(sys.executable).with_name("scorelane")), "score", str(file)]
        command += ["-o", str(Path(folder) / "scores.csv")]
        seconds = []
        for _ in range(3):
            began = time.monotonic()
            subprocess.run(command, check=True, capture_output=True, cwd=folder)
            seconds.append(time.monotonic() - began)
        rows = (Path(folder) / "scores.csv").read_text(encoding="utf-8").count("\n") - 1
        table.check(rows == 120, f"{rows} rows came back of 120")
    table.rows.append(figure("all in all", seconds, unit="s"))
    return table


def _sets(size: int) -> dict[str, Callable[[Path], None]]:
    """The title of each set of models -> a function that makes it in a folder."""
    return {
        "`fast`": _copy_bundled,
        "1 small": lambda models: _small(models, 1),
        "5 small": lambda models: _small(models, 5),
        "20 small": lambda models: _small(models, 20),
        f"terms, {size} MB": lambda models: _add(models, _terms(size)),
        f"forest, {size} MB": lambda models: _add(models, _forest(size)),
        f"hashed words, {size} MB": lambda models: _add(models, _hashed(size)),
        f"ONNX, {size} MB": lambda models: _graph(models, size),
    }


def _copy_bundled(models: Path) -> None:
    shutil.copytree(BUNDLED_MODELS / "fast", models / "fast")


def _small(models: Path, count: int) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    texts = reviews.texts(4000, 7)
    fitted = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        texts, reviews.labels(texts)
    )
    for number in range(count):
        _add(models, fitted, f"small-{number}")


def _terms(size: int) -> Any:
    """A text pipeline whose pickle has about `size` MB, with a made vocabulary of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    count = size * 10**6 // 38  # the bytes of a term in the file, with its two weights
    texts = reviews.texts(2000, 7)
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        texts, reviews.labels(texts)
    )
    words, linear = pipeline[0], pipeline[-1]
    known = list(words.vocabulary_)
    terms = known + [f"word{number:x}" for number in range(count - len(known))]
    words.vocabulary_ = {term: number for number, term in enumerate(terms)}
    random = np.random.default_rng(1)
    words.idf_ = random.uniform(1, 9, count)
    words._tfidf.n_features_in_ = count
    linear.coef_ = random.normal(size=(1, count))
    linear.n_features_in_ = count
    return pipeline


def _forest(size: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415

    random = np.random.default_rng(1)
    rows = max(size * 60, 2000)
    # Random targets: each row gets a leaf of its own.
    return RandomForestRegressor(size // 3, n_jobs=PROCESSES, random_state=1).fit(
        random.normal(size=(rows, 10)).round(3), random.normal(size=rows)
    )


def _hashed(size: int) -> Any:
    """A linear model of hashed words, whose weights have about `size` MB."""
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415
    from sklearn.linear_model import SGDClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    texts = reviews.texts(2000, 7)
    features = 2 ** int(np.log2(size * 10**6 / 8))
    return make_pipeline(
        HashingVectorizer(n_features=features), SGDClassifier(loss="log_loss")
    ).fit(texts, reviews.labels(texts))


def _graph(models: Path, size: int) -> None:
    """An ONNX file of an embedding: the mean of the vectors of two numbered words."""
    from onnx import TensorProto, helper, numpy_helper, save  # noqa: PLC0415

    rows = size * 10**6 // (100 * 4)
    table = np.random.default_rng(1).normal(size=(rows, 100)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["vectors"]),
        helper.make_node("ReduceMean", ["vectors"], ["score"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "embedding",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [None, 2])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None])],
        [numpy_helper.from_array(table, "table")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with tempfile.TemporaryDirectory(dir=models.parent) as folder:
        save(made, Path(folder) / "large.onnx")
        add_model(Path(folder) / "large.onnx", name="large", output=models)


def _add(models: Path, fitted: Any, name: str = "large") -> None:
    with tempfile.TemporaryDirectory(dir=models.parent) as folder:
        joblib.dump(fitted, Path(folder) / "made.pkl")
        add_model(Path(folder) / "made.pkl", name=name, output=models)
