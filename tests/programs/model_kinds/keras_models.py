"""Keras models over tables and texts, as the installed Keras saves them."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import layers
from programs.model_kinds import data
from programs.model_kinds.kind import SINGLE, Kind, Made

GROUP = "Keras"

#: Numbers of people as networks take them: without gaps and extremes.
_LIMITS = {"age": (0.0, 100.0), "fare": (0.0, 500.0), "visits": (0, 20)}


def numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of numbers, without gaps and extremes."""
    filled = frame[data.NUMBERS].fillna(30.0)
    return filled.assign(**{name: filled[name].clip(*ends) for name, ends in _LIMITS.items()})


def of_classes(found: Any, names: list[str], ending: str = "") -> pd.DataFrame:
    """A label and the probabilities of classes; of two, one number may be the second's."""
    chances = found.astype(np.float64)
    if chances.shape[1] == 1:
        chances = np.column_stack([1 - chances[:, 0], chances[:, 0]])
    labels = [names[at] for at in chances.argmax(axis=1)]
    columns = {f"probability{ending}_{one}": chances[:, at] for at, one in enumerate(names)}
    return pd.DataFrame({f"label{ending}": labels, **columns})


def _normalised() -> Any:
    layer = layers.Normalization()
    layer.adapt(numbers(data.people()).to_numpy(np.float32))
    return layer


def _dense(*end: Any) -> Any:
    start = [keras.Input((3,)), _normalised(), layers.Dense(8, "relu"), layers.BatchNormalization()]
    return keras.Sequential([*start, *end])


def _table(
    folder: Path,
    build: Callable[[], Any],
    understand: Callable[[Any], pd.DataFrame],
    target: Callable[[pd.DataFrame], Any],
    loss: str,
    file: str = "model.keras",
    **options: Any,
) -> Made:
    """Fit a network to numbers."""
    keras.utils.set_random_seed(1)
    frame, rows = data.people(), numbers(data.asked(missing=False))
    model = build()
    model.compile(loss=loss, optimizer="adam")
    model.fit(numbers(frame).to_numpy(np.float32), target(frame), epochs=3, verbose=0)
    model.save(folder / file)
    found = model.predict(rows.to_numpy(np.float32), verbose=0)
    inputs = "age:double,fare:double,visits:double"
    return Made(file, rows, understand(found), {"inputs": inputs, **options})


def _several(folder: Path, *, strings: bool) -> Made:
    """Numbers and a looked-up column, a branch, and two outputs."""
    keras.utils.set_random_seed(1)
    asked = data.asked(missing=False, unknown=strings)
    size, port = keras.Input((3,), name="size"), keras.Input((1,), name="port", dtype="int32")
    of_port: Any = port
    if strings:
        port = keras.Input((1,), name="port", dtype="string")
        of_port = layers.StringLookup(vocabulary=list(data.PORTS))(port)
    embedded = layers.Flatten()(layers.Embedding(4, 3)(of_port))
    joined = layers.Concatenate()([_normalised()(size), embedded])
    hidden = layers.Add()([layers.Dense(6, "tanh")(joined), layers.Dense(6)(joined)])
    kind = layers.Dense(3, "softmax", name="kind")(layers.LeakyReLU()(hidden))
    price = layers.Dense(1, name="price")(hidden)
    model = keras.Model([size, port], [kind, price])
    model.compile(loss=["sparse_categorical_crossentropy", "mse"], optimizer="adam")
    model.save(folder / "model.keras")

    rows = numbers(asked).assign(port=asked["port"])
    if not strings:
        rows["port"] = pd.Categorical(rows["port"], list(data.PORTS)).codes + 1
    given = rows[["port"]].to_numpy(object if strings else np.int32)
    if strings:
        import tensorflow as tf  # noqa: PLC0415  slow, and for this kind alone

        given = tf.constant(given.tolist())
    found = model.predict([rows[data.NUMBERS].to_numpy(np.float32), given], verbose=0)
    expected = of_classes(found[0], ["0", "1", "2"], "_kind")
    expected["prediction_price"] = found[1][:, 0]
    return Made(
        "model.keras",
        rows,
        expected,
        {
            "inputs": "age:double,fare:double,visits:double,port:"
            + ("string" if strings else "long")
        },
    )


def _texts(folder: Path, *, inside: bool, build: Callable[[Any], Any], classes: int = 2) -> Made:
    """Words by a `TextVectorization`, which is in the model or not."""
    keras.utils.set_random_seed(1)
    given, labels = data.texts(classes)
    words = layers.TextVectorization(output_sequence_length=12)
    words.adapt(given)
    wanted = pd.factorize(np.array(labels), sort=True)[0]
    network = keras.Sequential([keras.Input((12,), dtype="int64"), *build(words.vocabulary_size())])
    loss = "sparse_categorical_crossentropy" if classes > 2 else "binary_crossentropy"
    network.compile(loss=loss, optimizer="adam")
    network.fit(words(given), wanted, epochs=3, verbose=0)
    rows = data.asked_texts(classes)
    found = network.predict(words(rows["text"].tolist()), verbose=0)
    names = sorted(set(labels))
    expected = of_classes(found, names)
    worth = np.linspace(0, 1, classes) if classes < 4 else None
    if worth is not None:
        expected["Sentiment_Score"] = expected.iloc[:, 1:].to_numpy() @ worth
    options: dict[str, Any] = {"classes": names}
    if inside:
        text = keras.Input((1,), dtype="string", name="text")
        keras.Model(text, network(words(text))).save(folder / "model.keras")
    else:
        network.save(folder / "model.keras")
        (folder / "words.json").write_text(json.dumps(words.get_vocabulary()), encoding="utf-8")
        options |= {"word_index": "words.json", "standardize": "lower_and_strip_punctuation"}
        options |= {"padding": "post", "truncating": "post"}
    return Made("model.keras", rows, expected, options)


def _recurrent(words: int) -> Any:
    return [
        layers.Embedding(words, 6),
        layers.Bidirectional(layers.LSTM(5)),
        layers.Dense(1, "sigmoid"),
    ]


def _convolved(words: int) -> Any:
    return [
        layers.Embedding(words, 6),
        layers.Conv1D(5, 3, activation="relu"),
        layers.MaxPooling1D(2),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3, "softmax"),
    ]


def _topics(words: int) -> Any:
    return [
        layers.Embedding(words, 8),
        layers.GlobalAveragePooling1D(),
        layers.Dense(50, "softmax"),
    ]


def _fate(frame: pd.DataFrame) -> Any:
    return (frame["fate"] == "lived").to_numpy(int)


def _rank(frame: pd.DataFrame) -> Any:
    return pd.factorize(frame["rank"], sort=True)[0]


def _price(frame: pd.DataFrame) -> Any:
    return frame["price"].to_numpy() / 1e4


def _labels(found: Any) -> pd.DataFrame:
    """Of each of three labels whether it is true, and its probability."""
    columns = {}
    for at, one in enumerate(found.astype(np.float64).T):
        columns |= {f"label_{at}": one > 0.5, f"probability_{at}": one}
    return pd.DataFrame(columns)


def table(name: str, *given: Any, accepted: bool = True, **more: Any) -> Kind:
    """A kind over numbers."""
    names = ("build", "understand", "target", "loss")
    make = partial(_table, **dict(zip(names, given, strict=True)), **more)
    return Kind(GROUP, name, make, accepted, SINGLE)


def text(name: str, build: Callable[[Any], Any], *, inside: bool, classes: int = 2) -> Kind:
    """A kind over texts."""
    make = partial(_texts, build=build, inside=inside, classes=classes)
    return Kind(GROUP, name, make, within=SINGLE)


def _prediction(found: Any) -> pd.DataFrame:
    return pd.DataFrame({"prediction": found[:, 0]})


_TWO, _THREE = ["died", "lived"], ["first", "second", "third"]

KINDS = [
    table(
        "sigmoid over a table",
        lambda: _dense(layers.Dense(1, "sigmoid")),
        partial(of_classes, names=_TWO),
        _fate,
        "binary_crossentropy",
        classes=_TWO,
    ),
    table(
        "softmax over a table",
        lambda: _dense(layers.Dense(3, "softmax")),
        partial(of_classes, names=_THREE),
        _rank,
        "sparse_categorical_crossentropy",
        classes=_THREE,
    ),
    table(
        "softmax over a table, HDF5",
        lambda: keras.Sequential(
            [
                keras.Input((3,)),
                layers.Rescaling(0.01),
                layers.Dense(6, "elu"),
                layers.Dense(3, "softmax"),
            ]
        ),
        partial(of_classes, names=_THREE),
        _rank,
        "sparse_categorical_crossentropy",
        file="model.h5",
        classes=_THREE,
    ),
    table("regression", lambda: _dense(layers.Dense(1)), _prediction, _price, "mse"),
    table(
        "three labels at once",
        lambda: _dense(layers.Dense(3, "sigmoid")),
        _labels,
        data.tags,
        "binary_crossentropy",
    ),
    table(
        "a Lambda layer",
        lambda: _dense(layers.Lambda(lambda x: x * 2), layers.Dense(1)),
        _prediction,
        _price,
        "mse",
        accepted=False,
    ),
    table(
        "softmax of one unit",
        lambda: _dense(layers.Dense(1, "softmax")),
        _prediction,
        _fate,
        "mse",
        accepted=False,
    ),
    Kind(
        GROUP, "two inputs, branches, two outputs", partial(_several, strings=False), within=SINGLE
    ),
    Kind(
        GROUP,
        "two inputs, StringLookup, two outputs",
        partial(_several, strings=True),
        within=SINGLE,
    ),
    text("bidirectional LSTM, words in a file", _recurrent, inside=False),
    text("convolution, three classes, words in a file", _convolved, inside=False, classes=3),
    text("TextVectorization and LSTM in the model", _recurrent, inside=True),
    text("TextVectorization in the model, 50 classes", _topics, inside=True, classes=50),
]
