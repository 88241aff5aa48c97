"""Small Keras networks over texts of few words, and the scores that Keras gives for them."""

import keras
import numpy as np
from keras import layers
from support.numbered_words import LENGTH, TEXTS, WORD_IDX, WORDS


def softmax():
    return layers.Dense(10, activation="softmax")


def model_of(*body, mask=True, length=LENGTH, functional=False):
    """A small model whose weights and biases differ enough to tell rows apart."""
    keras.utils.set_random_seed(3)
    first = layers.Embedding(WORDS, 6, mask_zero=mask, embeddings_initializer="normal")
    source = keras.Input((length,), dtype="int32")
    if functional:
        result = source
        for layer in (first, *body):
            result = layer(result)
        model = keras.Model(source, result)
    else:
        model = keras.Sequential([source, first, *body])
    random = np.random.default_rng(3)
    weights = model.get_weights()
    model.set_weights([2 * array + random.random(array.shape) / 5 for array in weights])
    return model


def predicted(model, padding="post"):
    """The expected deciles by `predict` on rows of full length."""
    ids = [[WORD_IDX.get(word, 0) for word in text.split()][:LENGTH] for text in TEXTS]
    rows = keras.utils.pad_sequences(ids, LENGTH, padding=padding)
    outputs = model.predict(rows, batch_size=32, verbose=0)
    return outputs @ (np.arange(0.05, 1, 0.1) if outputs.shape[1] == 10 else np.ones(1))
