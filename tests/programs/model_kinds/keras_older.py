"""Keras models of Keras 2, with its `Tokenizer` and `pad_sequences`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import layers
from keras.preprocessing.text import Tokenizer
from keras.utils import pad_sequences
from programs.model_kinds import data
from programs.model_kinds.keras_models import numbers, of_classes
from programs.model_kinds.kind import SINGLE, Kind, Made

GROUP = f"Keras {keras.__version__}"
LENGTH = 10


def _texts(folder: Path, build: Callable[[int], Any], file: str, padding: str) -> Made:
    """A tokenizer and a network that a script saves in two files."""
    keras.utils.set_random_seed(1)
    given, labels = data.texts()
    tokenizer = Tokenizer(num_words=40)
    tokenizer.fit_on_texts(given)

    def places(texts: list[str]) -> Any:
        found = tokenizer.texts_to_sequences(texts)
        return pad_sequences(found, LENGTH, padding=padding, truncating="pre")

    model = keras.Sequential([layers.Embedding(40, 6, input_length=LENGTH), *build(5)])
    model.compile(loss="binary_crossentropy", optimizer="adam")
    model.fit(places(given), pd.factorize(np.array(labels), sort=True)[0], epochs=4, verbose=0)
    model.save(folder / file)
    (folder / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    rows = data.asked_texts()
    names = ["negative", "positive"]
    expected = of_classes(model.predict(places(rows["text"].tolist()), verbose=0), names)
    expected["Sentiment_Score"] = expected["probability_positive"]
    options = {"tokenizer": "tokenizer.json", "padding": padding, "truncating": "pre"}
    return Made(file, rows, expected, {**options, "classes": names})


def _table(folder: Path, file: str) -> Made:
    keras.utils.set_random_seed(1)
    frame, rows = data.people(), numbers(data.asked(missing=False))
    model = keras.Sequential(
        [
            layers.Dense(6, "relu", input_shape=(3,)),
            layers.BatchNormalization(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    given = numbers(frame).to_numpy(np.float32)
    model.fit(given, pd.factorize(frame["rank"], sort=True)[0], epochs=4, verbose=0)
    model.save(folder / file)
    names = ["first", "second", "third"]
    found = model.predict(rows.to_numpy(np.float32), verbose=0)
    inputs = "age:double,fare:double,visits:double"
    return Made(file, rows, of_classes(found, names), {"inputs": inputs, "classes": names})


def _lstm(units: int) -> Any:
    return [layers.LSTM(units, recurrent_activation="hard_sigmoid"), layers.Dense(1, "sigmoid")]


def _gru(units: int) -> Any:
    return [layers.Bidirectional(layers.GRU(units)), layers.Dense(1, "sigmoid")]


def text(name: str, build: Callable[[int], Any], file: str, padding: str) -> Kind:
    """A kind over texts."""
    make = partial(_texts, build=build, file=file, padding=padding)
    return Kind(GROUP, name, make, within=SINGLE)


KINDS = [
    text("LSTM with hard sigmoids, Tokenizer, HDF5", _lstm, "model.h5", "pre"),
    text("bidirectional GRU, Tokenizer", _gru, "model.keras", "post"),
    Kind(GROUP, "softmax over a table, HDF5", partial(_table, file="model.h5"), within=SINGLE),
    Kind(GROUP, "softmax over a table", partial(_table, file="model.keras"), within=SINGLE),
]
