import pytest
from support.keras_2 import dense, embedding, layer, lstm, sequential

from scoring.networks.keras_2 import HARD_SIGMOID_2, translate


def translated(*layers):
    """The translated layers of a Sequential, by name."""
    parts = translate(sequential(*layers))["config"]["layers"]
    return {part["config"]["name"]: part["config"] for part in parts}


@pytest.mark.parametrize("option", ["activation", "recurrent_activation"])
def test_a_hard_sigmoid_keeps_its_own_meaning(option):
    """Wherever Keras 2 wrote `hard_sigmoid`, the function of Keras 2 is meant."""
    function = translated(embedding(5), lstm(**{option: "hard_sigmoid"}))["lstm"][option]
    assert function["registered_name"] == HARD_SIGMOID_2


def test_inner_layers_are_translated_too():
    """The layer inside a Bidirectional is translated like any other."""
    both = layer("Bidirectional", "both", layer=lstm(), merge_mode="concat")
    inner = translated(embedding(5), both)["both"]["layer"]
    assert inner["config"]["recurrent_activation"]["registered_name"] == HARD_SIGMOID_2


def test_an_old_gru_applies_its_reset_gate_first():
    """A GRU that does not say where its reset gate acts is from the time before the choice."""
    gru = layer("GRU", "gru", units=3, recurrent_activation="sigmoid")
    assert translated(embedding(5), gru)["gru"]["reset_after"] is False


@pytest.mark.parametrize(
    ("first", "shape"),
    [
        (embedding(5), [None, 5]),
        (embedding(None), [None, None]),
        (layer("Embedding", "embedding", input_dim=9, input_length=7), [None, 7]),
        (sequential(embedding(6), name="inner"), [None, 6]),
        (layer("InputLayer", "given", batch_input_shape=[32, 5], dtype="int32"), [None, 5]),
    ],
)
def test_a_model_begins_with_the_shape_of_its_input(first, shape):
    """The shape is that of the first layer, also in an inner model; a fixed number of rows goes."""
    parts = translate(sequential(first, lstm(), dense()))["config"]["layers"]
    assert parts[0]["class_name"] == "InputLayer"
    assert parts[0]["config"]["batch_shape"] == shape
    assert len(parts) == 3 + (first["class_name"] != "InputLayer")


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        (layer("TFOpLambda", "mine"), r"mine \(TFOpLambda\) is code"),
        (layer("Attention", "mine"), r"mine \(Attention\) is not known to mean the same"),
        (layer("CuDNNLSTM", "mine", units=3), "CuDNNLSTM"),
        (layer("TextVectorization", "mine"), "TextVectorization"),
        (layer("Dense", "mine", units=3, activation="my_own"), "activation my_own"),
        (layer("LSTM", "mine", units=3), "does not say its recurrent_activation"),
        (lstm(stateful=True), "stateful"),
        (lstm(time_major=True), "time_major"),
        (layer("BatchNormalization", "mine", axis=-1, renorm=True), "renorm"),
    ],
)
def test_what_may_mean_something_else_is_refused(unknown, reason):
    """Layers, activations and options that were not compared in both versions are refused."""
    with pytest.raises(ValueError, match=reason):
        translate(sequential(embedding(5), unknown, dense()))


def test_calls_of_an_inner_model_count_from_zero():
    """Keras 2 counts the call that made an inner model, and Keras 3 does not."""
    parts = [
        layer("InputLayer", "ids", batch_input_shape=[None, 5]) | {"name": "ids"},
        sequential(embedding(5), lstm(), name="inner")
        | {"name": "inner", "inbound_nodes": [[["ids", 0, 0, {}]]]},
        dense() | {"name": "dense", "inbound_nodes": [[["inner", 1, 0, {}]]]},
    ]
    config = {"layers": parts, "input_layers": [["ids", 0, 0]], "output_layers": [["dense", 0, 0]]}
    of_model = translate({"class_name": "Model", "config": config})
    assert of_model["class_name"] == "Functional"
    assert of_model["config"]["layers"][2]["inbound_nodes"] == [[["inner", 0, 0, {}]]]


def test_a_layer_that_acts_as_in_training_is_refused():
    """Keras 2 dropped words at random in such a model, so it has no certain scores."""
    parts = [
        layer("InputLayer", "ids", batch_input_shape=[None, 5]) | {"name": "ids"},
        layer("Dropout", "drop", rate=0.5)
        | {"name": "drop", "inbound_nodes": [[["ids", 0, 0, {"training": True}]]]},
    ]
    config = {"layers": parts, "input_layers": [["ids", 0, 0]], "output_layers": [["drop", 0, 0]]}
    with pytest.raises(ValueError, match="acts as in training"):
        translate({"class_name": "Functional", "config": config})
