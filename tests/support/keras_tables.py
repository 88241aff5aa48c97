"""Small Keras models of tables, and rows for them."""

import keras
import numpy as np
import pandas as pd
from keras import layers

RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=(20, 3))
TABLE = pd.DataFrame(NUMBERS, columns=["x0", "x1", "x2"])


def dense(*end, width=3):
    keras.utils.set_random_seed(2)
    start = [keras.Input((width,)), layers.Dense(5, "silu"), layers.BatchNormalization()]
    return keras.Sequential([*start, *end])


def several_inputs():
    """Numbers, and a whole number that is looked up; two outputs."""
    keras.utils.set_random_seed(2)
    age = keras.Input((1,), name="age")
    city = keras.Input((1,), name="city", dtype="int32")
    sizes = keras.Input((2,), name="size")
    of_city = layers.Flatten()(layers.Embedding(10, 3, embeddings_initializer="normal")(city))
    joined = layers.Concatenate()([age, of_city, layers.Rescaling(0.5, 1)(sizes)])
    hidden = layers.Dense(4)(joined)
    hidden = layers.Multiply()([layers.LeakyReLU()(hidden), layers.Dense(4, "relu")(joined)])
    hidden = layers.Add()([hidden, layers.Dense(4)(hidden)])
    kind = layers.Dense(3, "softmax", name="kind")(hidden)
    price = layers.Dense(1, name="price")(hidden)
    return keras.Model({"age": age, "city": city, "size": sizes}, {"kind": kind, "price": price})
