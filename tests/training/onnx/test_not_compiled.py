"""What is not compiled, or not folded: such a model keeps the scores of TensorFlow."""

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here
from support.numbered_words import TEXTS  # noqa: E402
from support.small_networks import model_of, predicted, softmax  # noqa: E402

from scoring.networks.tensorflow_network import TensorFlowNetwork  # noqa: E402
from shared.model import load_model  # noqa: E402
from training.onnx import folding, recurrent  # noqa: E402
from training.onnx.compile import compile_model  # noqa: E402

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:Layer:UserWarning"),  # a layer that drops the mask
]


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
