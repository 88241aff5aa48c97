"""ONNX files, as skl2onnx and Keras write them; their own outputs are those of ONNX Runtime."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import sklearn.ensemble as forests
from programs.model_kinds import data
from programs.model_kinds.fitting import logistic
from programs.model_kinds.kind import EXACT, SINGLE, Kind, Made
from skl2onnx import to_onnx
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

GROUP = "ONNX"
NAMES = ",".join(f"{name}:double" for name in data.NUMBERS)

_TYPES = {
    "age": (FloatTensorType, np.float32),
    "fare": (FloatTensorType, np.float32),
    "visits": (Int64TensorType, np.int64),
    "sex": (StringTensorType, object),
    "port": (StringTensorType, object),
}


def _written(folder: Path, model: Any, inputs: Any, **options: Any) -> Any:
    graph = to_onnx(model, initial_types=inputs, **options)
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    return onnxruntime.InferenceSession(folder / "model.onnx")


def _columns(label: Any, numbers: Any) -> pd.DataFrame:
    """A label and the probabilities of classes, which ZipMap may have named."""
    if isinstance(numbers, list):
        numbers = {one: [row[one] for row in numbers] for one in numbers[0]}
        found = {f"probability_{one}": np.array(values) for one, values in numbers.items()}
    else:
        found = {f"probability_{at}": column for at, column in enumerate(numbers.T)}
    return pd.DataFrame({"label": label, **found})


def _of_numbers(
    folder: Path, build: Callable[[], Any], target: str, dtype: Any, **options: Any
) -> Made:
    """A graph of one tensor of numbers."""
    frame, new = data.people(), data.asked(missing=False)[data.NUMBERS]
    wanted = data.tags(frame) if target == "tags" else frame[target].to_numpy()
    model = build().fit(frame[data.NUMBERS].fillna(30.0).to_numpy(), wanted)
    tensor = DoubleTensorType if dtype is np.float64 else FloatTensorType
    session = _written(folder, model, [("X", tensor([None, 3]))], **options)
    found = session.run(None, {"X": new.to_numpy(dtype)})
    if target == "price":
        expected = pd.DataFrame({"prediction": found[0][:, 0]})
    elif target == "tags":
        pairs = enumerate(zip(found[0].T, found[1].T, strict=True))
        named = {at: {f"label_{at}": a, f"probability_{at}": b} for at, (a, b) in pairs}
        expected = pd.DataFrame({name: one for of in named.values() for name, one in of.items()})
    else:
        expected = _columns(*found)
    if options.get("options"):
        classes = dict(enumerate(np.unique(wanted)))
        expected = expected.rename(
            columns={f"probability_{a}": f"probability_{b}" for a, b in classes.items()}
        )
    return Made("model.onnx", new, expected, {"inputs": NAMES})


def _scaled(last: Any) -> Any:
    return make_pipeline(StandardScaler(), last)


def _of_columns(folder: Path) -> Made:
    """A graph with an input for each column, of texts and numbers."""
    names = list(_TYPES)
    frame, new = data.people(), data.asked(missing=False)[names]
    filled = frame[names].fillna({"age": 30.0, "port": "Oslo"})
    words = OneHotEncoder(handle_unknown="ignore")
    whole = ColumnTransformer(
        [("numbers", StandardScaler(), data.NUMBERS), ("words", words, ["sex", "port"])]
    )
    model = make_pipeline(whole, logistic()).fit(filled, frame["rank"])
    inputs = [(name, kind([None, 1])) for name, (kind, _) in _TYPES.items()]
    session = _written(folder, model, inputs)
    wanted = {one.name for one in session.get_inputs()}
    feeds = {
        name: new[[name]].to_numpy().astype(dtype)
        for name, (_, dtype) in _TYPES.items()
        if name in wanted
    }
    return Made("model.onnx", new, _columns(*session.run(None, feeds)))


def _of_text(folder: Path) -> Made:
    given, labels = data.texts(3)
    # ONNX Runtime lower-cases in a locale that not every machine has.
    model = make_pipeline(TfidfVectorizer(lowercase=False), logistic()).fit(given, labels)
    session = _written(folder, model, [("text", StringTensorType([None, 1]))])
    rows = data.asked_texts(3)
    expected = _columns(*session.run(None, {"text": rows[["text"]].to_numpy(object)}))
    expected["Sentiment_Score"] = expected[["probability_neutral", "probability_positive"]].astype(
        "float64"
    ) @ [0.5, 1]
    return Made("model.onnx", rows, expected)


def graph(
    name: str, build: Callable[[], Any], target: str = "fate", bits: int = 32, **more: Any
) -> Kind:
    """A kind of graph over numbers."""
    dtype = np.float32 if bits == 32 else np.float64
    make = partial(_of_numbers, build=build, target=target, dtype=dtype, **more)
    return Kind(GROUP, f"{name}, {bits} bits", make, within=SINGLE if bits == 32 else EXACT)


PLAIN = {"options": {"zipmap": False}}

KINDS = [
    graph("logistic regression, ZipMap", lambda: _scaled(logistic())),
    graph("logistic regression", lambda: _scaled(logistic()), bits=64, **PLAIN),
    graph(
        "random forest, three classes",
        lambda: forests.RandomForestClassifier(20, random_state=0),
        "rank",
    ),
    graph(
        "gradient boosting", lambda: forests.GradientBoostingClassifier(n_estimators=20), **PLAIN
    ),
    graph(
        "perceptron, three classes",
        lambda: _scaled(MLPClassifier((8,), max_iter=60, random_state=0)),
        "rank",
        **PLAIN,
    ),
    graph("ridge regression of prices", lambda: _scaled(Ridge()), "price", 64),
    graph("forest of prices", lambda: forests.RandomForestRegressor(20, random_state=0), "price"),
    graph(
        "perceptron of prices",
        lambda: _scaled(MLPRegressor(hidden_layer_sizes=(8,), max_iter=60, random_state=0)),
        "price",
    ),
    graph("three labels at once", lambda: OneVsRestClassifier(logistic()), "tags", **PLAIN),
    Kind(GROUP, "a column for each input, texts and numbers", _of_columns, within=SINGLE),
    Kind(GROUP, "TF-IDF of words, three classes", _of_text, within=SINGLE),
]
