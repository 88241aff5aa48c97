import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here
from support.numbered_words import LENGTH, TEXTS, WORDS  # noqa: E402
from support.small_networks import model_of, predicted, softmax  # noqa: E402

from scoring.networks.onnx_network import OnnxNetwork  # noqa: E402
from shared.model import load_model, read_card  # noqa: E402
from training.onnx.compile import compile_model  # noqa: E402

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:Layer:UserWarning"),  # a layer that drops the mask
]


@pytest.mark.parametrize(
    ("body", "how", "skips_zeros"),
    [
        # The article's model, with variable and fixed length, with and without a mask.
        (
            lambda: [
                layers.SpatialDropout1D(0.4),
                layers.Bidirectional(layers.LSTM(5)),
                layers.Dropout(0.4),
                softmax(),
            ],
            {"length": None},
            True,
        ),
        (lambda: [layers.Bidirectional(layers.LSTM(5)), softmax()], {"padding": "pre"}, True),
        (lambda: [layers.LSTM(5, use_bias=False), softmax()], {"mask": False}, False),
        (
            lambda: [layers.LSTM(5, go_backwards=True), softmax()],
            {"mask": False, "padding": "pre", "length": None, "functional": True},
            False,
        ),
        # Stacked recurrent layers, and the ways to merge two directions.
        (
            lambda: [
                layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
                layers.LayerNormalization(),
                layers.Bidirectional(layers.GRU(4), merge_mode="ave"),
                softmax(),
            ],
            {},
            True,
        ),
        (
            lambda: [
                layers.Bidirectional(
                    layers.GRU(4, reset_after=False, return_sequences=True), merge_mode="mul"
                ),
                layers.Bidirectional(layers.LSTM(4), merge_mode="sum"),
                softmax(),
            ],
            {"padding": "pre"},
            True,
        ),
        (
            lambda: [
                layers.LSTM(
                    4,
                    recurrent_activation="hard_sigmoid",
                    activation="softsign",
                    return_sequences=True,
                ),
                layers.SimpleRNN(4, activation="relu"),
                softmax(),
            ],
            {},
            True,
        ),
        # Pools and convolutions.
        (
            lambda: [layers.LSTM(4, return_sequences=True), layers.GlobalMaxPooling1D(), softmax()],
            {"mask": False},
            False,
        ),
        (
            lambda: [
                layers.GlobalAveragePooling1D(),
                layers.BatchNormalization(),
                layers.Dense(1, activation="sigmoid"),
            ],
            {"mask": False, "length": None},
            False,
        ),
        (
            lambda: [
                layers.Conv1D(4, 3, activation="relu"),
                layers.GlobalMaxPooling1D(),
                softmax(),
            ],
            {"padding": "pre"},
            False,
        ),
        (
            lambda: [
                layers.Conv1D(4, 4, padding="same", strides=2, use_bias=False),
                layers.Activation("elu"),
                layers.GlobalAveragePooling1D(),
                softmax(),
            ],
            {},
            False,
        ),
        (
            lambda: [
                layers.Conv1D(4, 3, padding="causal", dilation_rate=2),
                layers.BatchNormalization(scale=False, center=False),
                layers.GRU(4),
                softmax(),
            ],
            {},
            False,
        ),
        (
            lambda: [
                layers.Flatten(),
                layers.Dense(6, activation="tanh"),
                layers.LayerNormalization(scale=False, center=False),
                softmax(),
            ],
            {},
            False,
        ),
    ],
)
def test_a_compiled_model_gives_the_scores_of_predict(folder_of, body, how, skips_zeros):
    """Compiled models give the scores of Keras's `predict`, for all lengths and unknown words."""
    how = dict(how)
    padding = how.pop("padding", "post")
    model = model_of(*body(), **how)
    folder = folder_of(model, max_length=LENGTH, padding=padding)
    card = compile_model(folder)
    assert card == read_card(folder)
    assert "model.onnx" in card.files
    assert card.figures["onnx.max_difference"] <= 1e-5
    loaded = load_model(folder)
    assert isinstance(loaded.network, OnnxNetwork)
    assert loaded.network.skips_zeros == skips_zeros
    loaded.warm_up()
    scored = loaded.score(pd.DataFrame({"text": TEXTS}))["Sentiment_Score"]
    np.testing.assert_allclose(scored, predicted(model, padding), atol=1e-5)
    assert scored.std() > 0.001


def branches():
    """Two branches from one embedding, with the layers that join them and that pool windows."""
    keras.utils.set_random_seed(3)
    source = keras.Input((LENGTH,), dtype="int32")
    words = layers.Embedding(WORDS, 6, embeddings_initializer="normal")(source)
    wide = layers.MaxPooling1D(2)(layers.Conv1D(4, 3, activation="selu")(words))
    near = layers.AveragePooling1D(3, strides=2, padding="same")(layers.Conv1D(4, 2)(words))
    both = layers.Concatenate()([words, layers.Multiply()([words, words])])
    ends = [layers.GlobalMaxPooling1D()(one) for one in (wide, near)]
    ends.append(layers.LSTM(4)(words))
    joined = [*ends, layers.GlobalAveragePooling1D()(layers.LeakyReLU(0.2)(both))]
    joined += [kind()(ends[:2]) for kind in (layers.Subtract, layers.Maximum, layers.Minimum)]
    joined.append(layers.Average()(ends))
    hidden = layers.Dense(5, activation="silu")(layers.Concatenate()(joined))
    return keras.Model(source, softmax()(layers.ReLU(max_value=6.0)(hidden)))


def test_branches_are_compiled(folder_of):
    """Several ways from the embedding to the outputs, and the layers that join them."""
    model = branches()
    random = np.random.default_rng(3)
    model.set_weights([2 * one + random.random(one.shape) / 5 for one in model.get_weights()])
    folder = folder_of(model)
    assert compile_model(folder).figures["onnx.max_difference"] <= 1e-5
    scored = load_model(folder).score(pd.DataFrame({"text": TEXTS}))["Sentiment_Score"]
    np.testing.assert_allclose(scored, predicted(model), atol=1e-5)
    assert scored.std() > 0.001
