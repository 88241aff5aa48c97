import json

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here

from scoring.networks.onnx_network import OnnxNetwork  # noqa: E402
from scoring.networks.tensorflow_network import TensorFlowNetwork  # noqa: E402
from shared.model import load_model, read_card, write_card  # noqa: E402
from training.hdf5 import save_hdf5  # noqa: E402
from training.onnx import folding, recurrent  # noqa: E402
from training.onnx.compile import compile_model  # noqa: E402

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:Layer:UserWarning"),  # a layer that drops the mask
]

WORDS, LENGTH = 30, 12
WORD_IDX = {f"w{number}": number for number in range(1, WORDS)}

#: Texts of 0 to 14 words, with unknown words at all positions.
TEXTS = [" ".join(f"w{(7 * n + k) % 40}" for k in range(n % 15)) for n in range(300)]


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


@pytest.fixture
def folder_of(tmp_path):
    """Write a model folder that is not compiled."""

    def write(model, word_idx=WORD_IDX, **options):
        folder = tmp_path / "mine"
        folder.mkdir()
        save_hdf5(model, folder / "model.hdf5")
        (folder / "word_idx.json").write_text(json.dumps(word_idx), encoding="utf-8")
        write_card(
            folder,
            name="mine",
            format="hdf5",
            files=["model.hdf5", "word_idx.json"],
            options=options,
            description="A try.",
            training_data=["a.csv: 3 rows"],
            figures={"accuracy": 0.5},
            libraries={"keras": "3"},
        )
        return folder

    return write


def predicted(model, padding="post"):
    """The expected deciles by `predict` on rows of full length."""
    ids = [[WORD_IDX.get(word, 0) for word in text.split()][:LENGTH] for text in TEXTS]
    rows = keras.utils.pad_sequences(ids, LENGTH, padding=padding)
    outputs = model.predict(rows, batch_size=32, verbose=0)
    return outputs @ (np.arange(0.05, 1, 0.1) if outputs.shape[1] == 10 else np.ones(1))


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


def test_a_large_vocabulary_is_not_folded(folder_of, monkeypatch):
    """If the gates of all words would take too much memory, they are not folded."""
    monkeypatch.setattr(folding, "MAX_BYTES", 100)
    model = model_of(layers.Bidirectional(layers.LSTM(5)), softmax())
    folder = folder_of(model)
    compile_model(folder)
    assert b"Scan" not in (folder / "model.onnx").read_bytes()
    scored = load_model(folder).score(pd.DataFrame({"text": TEXTS}))["Sentiment_Score"]
    np.testing.assert_allclose(scored, predicted(model), atol=1e-5)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (lambda: [layers.TimeDistributed(layers.Dense(3)), layers.LSTM(4)], "TimeDistributed"),
        (
            lambda: [layers.LSTM(4, return_sequences=True), layers.GlobalMaxPooling1D()],
            "one of its layers skips zeros, and another one counts them",
        ),
        (lambda: [layers.LSTM(4, activation="gelu")], "activation gelu has no mapping"),
        (lambda: [layers.LSTM(4, activation="linear")], "that LSTM cannot have"),
        (
            lambda: [layers.GRU(4, go_backwards=True, return_sequences=True), layers.LSTM(3)],
            "a sequence backwards",
        ),
        (
            lambda: [
                layers.Bidirectional(
                    layers.LSTM(4), backward_layer=layers.GRU(4, go_backwards=True)
                )
            ],
            "Bidirectional of LSTM and GRU",
        ),
    ],
)
def test_any_other_model_runs_in_tensorflow(folder_of, caplog, body, reason):
    """A model that cannot be compiled is served by TensorFlow, after a warning with the reason."""
    model = model_of(*body(), softmax())
    folder = folder_of(model)
    card = compile_model(folder)
    assert list(card.files) == ["model.hdf5", "word_idx.json"]
    assert "onnx.max_difference" not in card.figures
    [line] = [record.getMessage() for record in caplog.records if "compiled" in record.message]
    assert reason in line
    loaded = load_model(folder)
    assert isinstance(loaded.network, TensorFlowNetwork)
    scored = loaded.score(pd.DataFrame({"text": TEXTS}))["Sentiment_Score"]
    np.testing.assert_allclose(scored, predicted(model), atol=1e-5)


def test_a_compiled_model_with_other_scores_is_not_used(folder_of, caplog, monkeypatch):
    """A compiled model with other scores, here by two mixed-up gates, is deleted."""
    gates = {**recurrent.RECURRENT, layers.GRU: ("GRU", (1, 0, 2))}
    monkeypatch.setattr(recurrent, "RECURRENT", gates)
    folder = folder_of(model_of(layers.GRU(4), softmax()))
    assert "model.onnx" not in compile_model(folder).files
    assert not (folder / "model.onnx").exists()
    assert "its scores would differ from TensorFlow's by" in caplog.text
