"""A small Keras model of texts, and what Keras itself gives for them."""

import keras
import numpy as np
from keras import layers
from support.known_words import LENGTH, WORD_IDX, WORDS

from training.added.proof_texts import PROOF


def build(*, mask=True, units=10, activation="softmax", length=LENGTH, recurrent=None):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((length,)),
            layers.Embedding(len(WORDS) + 2, 5, mask_zero=mask, embeddings_initializer="normal"),
            recurrent or layers.Bidirectional(layers.LSTM(4)),
            layers.Dense(units, activation=activation),
        ]
    )
    model.set_weights([5 * weights for weights in model.get_weights()])
    return model


def outputs_of(model, texts):
    ids = [[WORD_IDX.get(word.strip(".,!"), 0) for word in text.lower().split()] for text in texts]
    return model(keras.utils.pad_sequences(ids, LENGTH, padding="post")).numpy()


def predicted(model, values):
    return outputs_of(model, PROOF) @ np.array(values)


DECILES = np.arange(0.05, 1, 0.1)
