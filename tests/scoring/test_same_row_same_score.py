"""Same row, same score: whatever rows are with it, how many, and in which order."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from support.graphs import network

from scoring.class_values import expected_score, interval_middles
from scoring.steady import AS_THEY_COME, Batches, steady_batches
from shared.config.places import BUNDLED_MODELS
from shared.model import load_model
from training.add_model import add_model
from training.added.meaning import Meaning

ROWS = 300
_RANDOM = np.random.default_rng(3)
_NUMBERS = [f"c{number}" for number in range(12)]
TABLE = pd.DataFrame({name: _RANDOM.normal(size=ROWS) for name in _NUMBERS})
TABLE["kind"] = pd.Series(_RANDOM.choice(list("abcd"), ROWS), dtype=object)
GRADES = np.digitize(TABLE[_NUMBERS].sum(axis=1), [-2, 2])
TEXTS = [
    " ".join(_RANDOM.choice([f"w{number}" for number in range(200)], size))
    for size in _RANDOM.integers(1, 30, ROWS)
]
FRAME_OF_TEXTS = pd.DataFrame({"text": pd.Series(TEXTS, dtype=object)})


def _table(final: Any, *before: Any) -> Any:
    columns = make_column_transformer(
        (StandardScaler(), _NUMBERS), (OneHotEncoder(handle_unknown="ignore"), ["kind"])
    )
    return make_pipeline(columns, *before, final)


#: Estimators of a table: those whose sums depend on the number of rows, and those that do not.
TABLES = {
    "logistic": lambda: _table(LogisticRegression()),
    "linear": lambda: _table(LinearRegression()),
    "components": lambda: _table(LogisticRegression(), PCA(5)),
    "layers": lambda: _table(MLPClassifier((30,), max_iter=20)),
    "neighbours": lambda: _table(KNeighborsClassifier()),
    "forest": lambda: _table(RandomForestClassifier(10)),
    "lightgbm": lambda: _table(lightgbm.LGBMClassifier(n_estimators=5, verbose=-1)),
    "xgboost": lambda: _table(xgboost.XGBClassifier(n_estimators=5)),
}

#: Estimators of texts, of three classes.
WORDS = {
    "words": lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()),
    "topics": lambda: make_pipeline(TfidfVectorizer(), TruncatedSVD(20), LogisticRegression()),
}


def _added(folder: Path, estimator: Any, rows: Any, **meaning: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        joblib.dump(estimator.fit(rows, GRADES), folder / "theirs.joblib")
    file, output = folder / "theirs.joblib", folder / "models"
    add_model(file, name="mine", output=output, meaning=Meaning(**meaning), force=True)
    return load_model(output / "mine")


@pytest.fixture(scope="module", params=[*TABLES, *WORDS, "graph", "fast"])
def model_and_rows(request, tmp_path_factory) -> tuple[Any, pd.DataFrame]:
    """A model as a worker loads it, and rows for it."""
    name, folder = request.param, tmp_path_factory.mktemp("model")
    if name in TABLES:
        return _added(folder, TABLES[name](), TABLE), TABLE
    if name in WORDS:
        values = {"class_values": [0.0, 0.5, 1.0]}
        return _added(folder, WORDS[name](), TEXTS, **values), FRAME_OF_TEXTS
    if name == "graph":
        weights = _RANDOM.normal(size=(40, 3))
        add_model(
            network(folder / "theirs.onnx", kind="float", weights=weights),
            name="mine",
            output=folder,
        )
        model = load_model(folder / "mine")
        columns = [one.name for one in model.card.signature.inputs]
        return model, pd.DataFrame(_RANDOM.normal(size=(ROWS, 40)), columns=columns)
    return load_model(BUNDLED_MODELS / "fast"), FRAME_OF_TEXTS


def check_same(
    score: Callable[[pd.DataFrame], pd.DataFrame], rows: pd.DataFrame, data: Any
) -> None:
    """Draw some rows in any order, some twice, in batches of any sizes, and compare the bits."""
    whole = score(rows)
    places = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=60))
    begin = 0
    while begin < len(places):
        size = data.draw(st.sampled_from([1, 1, 2, 3, 4, 5, 7, 8, 16, 17, 33]))
        batch = places[begin : begin + size]
        found = score(rows.iloc[batch].reset_index(drop=True))
        expected = whole.iloc[batch].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
        begin += size


@settings(max_examples=12)
@given(data=st.data())
def test_the_rows_around_a_row_do_not_change_its_score(model_and_rows, data) -> None:
    """Alone, in batches of any size, twice, in any order and at any place: the same bits."""
    model, rows = model_and_rows
    check_same(model.score, rows, data)


def test_large_batches_give_what_small_ones_give(model_and_rows) -> None:
    """Thousands of rows at once, as in a part of a bulk job: the same bits as in small batches."""
    model, rows = model_and_rows
    few = rows.iloc[:37].reset_index(drop=True)
    many = few.iloc[np.arange(5003) % len(few)].reset_index(drop=True)
    expected = model.score(few).iloc[np.arange(5003) % len(few)].reset_index(drop=True)
    pd.testing.assert_frame_equal(model.score(many), expected, check_exact=True)


@pytest.mark.keras
def test_the_network_for_texts() -> None:
    """The bundled network gives a text the same bits alone and among others of other lengths."""
    model = load_model(BUNDLED_MODELS / "deep")
    words = list(json.loads((BUNDLED_MODELS / "deep" / "word_idx.json").read_text()))
    lengths = _RANDOM.choice([1, 2, 3, 8, 40, 300], 90)
    texts = [" ".join(_RANDOM.choice(words, length)) for length in lengths]
    frame = pd.DataFrame({"text": pd.Series(texts, dtype=object)})
    whole = model.score(frame)
    for size in (1, 2, 3, 7, 16):
        parts = [model.score(frame[at : at + size]) for at in range(0, len(frame), size)]
        pd.testing.assert_frame_equal(pd.concat(parts), whole, check_exact=True)


@given(rows=st.integers(1, 70), classes=st.integers(2, 12))
def test_the_score_of_classes_depends_on_no_other_row(rows: int, classes: int) -> None:
    """The mean of class values has the same bits for one row as for many."""
    probabilities = np.random.default_rng(rows).dirichlet(np.ones(classes), rows)
    values = interval_middles(classes)
    alone = np.concatenate([expected_score(row[None], values) for row in probabilities])
    assert expected_score(probabilities, values).tobytes() == alone.tobytes()


class _ByRows:
    """A score whose last bits depend on the number of rows, and that notes these numbers."""

    def __init__(self, depends: Callable[[int], int]) -> None:
        self.sizes: list[int] = []
        self._depends = depends

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        self.sizes.append(len(frame))
        return pd.DataFrame({"out": frame["x"] * (1 + 1e-15 * self._depends(len(frame)))})


@pytest.mark.parametrize(
    ("depends", "batches"),
    [
        (lambda _: 0, AS_THEY_COME),
        (lambda rows: rows % 4, Batches(16, 4096)),
        (lambda rows: rows % 4 + 8 * (rows > 500), Batches(256, 256)),
        (lambda rows: rows, Batches(256, 256)),
    ],
)
def test_the_fastest_steady_batches_are_chosen(depends: Any, batches: Batches) -> None:
    """All rows at once if that is steady, then multiples of 16 rows, then one number of rows."""
    frame = pd.DataFrame({"x": _RANDOM.normal(size=40)})
    assert steady_batches(_ByRows(depends), frame, "mine") == batches


@given(rows=st.integers(0, 700), name=st.sampled_from(["a", 7]))
def test_batches_give_each_row_back_once(rows: int, name: Any) -> None:
    """In order, with the index of the frame, and without the copies that fill up a batch."""
    frame = pd.DataFrame({"x": np.arange(rows, dtype=float)}, index=[name] * rows)
    score = _ByRows(lambda _: 0)
    found = Batches(16, 64).score(score, frame)
    pd.testing.assert_frame_equal(found, frame.rename(columns={"x": "out"}))
    assert all(size % 16 == 0 and size <= 64 for size in score.sizes if rows)
