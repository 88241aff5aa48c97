"""What an added Keras model of a table gives: the outputs of Keras, compiled or not."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from support import keras_2

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here
from support.keras_tables import NUMBERS, RANDOM, TABLE, dense, several_inputs  # noqa: E402

from scoring.networks.onnx_table import OnnxTable  # noqa: E402
from shared.model import load_model, read_card  # noqa: E402
from training.add_model import add_model  # noqa: E402
from training.onnx.compile import compile_model  # noqa: E402

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("name", ["theirs.keras", "theirs.h5"])
def test_a_softmax_over_a_table_gives_a_label_and_probabilities(added, name):
    """Columns without names are x0, x1 ...; the compiled model gives what Keras gives."""
    model = dense(layers.Dense(3, "softmax"))
    loaded = added(model, name, classes=["low", "mid", "high"])
    assert isinstance(loaded.network, OnnxTable)
    assert [(one.name, one.type) for one in loaded.card.inputs] == [
        (name, "double") for name in TABLE
    ]
    loaded.warm_up()
    scored = loaded.score(TABLE)
    expected = model.predict(NUMBERS, verbose=0)
    names = ["probability_low", "probability_mid", "probability_high"]
    assert list(scored) == ["label", *names]
    np.testing.assert_allclose(scored[names], expected, atol=1e-6)
    assert scored["label"].tolist() == [["low", "mid", "high"][n] for n in expected.argmax(axis=1)]


def test_one_sigmoid_is_the_probability_of_the_second_class(added):
    """The label is that of the more probable class."""
    model = dense(layers.Dense(1, "sigmoid"))
    scored = added(model, classes=["no", "yes"]).score(TABLE)
    expected = model.predict(NUMBERS, verbose=0)[:, 0]
    np.testing.assert_allclose(scored["probability_yes"], expected, atol=1e-6)
    np.testing.assert_allclose(scored["probability_no"], 1 - expected, atol=1e-6)
    assert scored["label"].tolist() == ["yes" if chance > 0.5 else "no" for chance in expected]


def test_a_regression_has_any_range(added):
    """Inputs are scaled by the model's own layer, and predictions are not clipped."""
    scale = layers.Normalization(mean=[1.0, -2.0, 30.0], variance=[4.0, 0.25, 100.0])
    model = keras.Sequential([keras.Input((3,)), scale, layers.Dense(4), layers.Dense(1)])
    model.set_weights([1000 * weights for weights in model.get_weights()])
    loaded = added(model, inputs="size:double,age:long,new:boolean")
    rows = TABLE.set_axis(["size", "age", "new"], axis=1)
    rows = rows.assign(age=np.arange(20), new=rows["new"] > 0)
    scored = loaded.score(rows)
    expected = model.predict(rows.to_numpy(np.float32), verbose=0)
    assert np.abs(expected).max() > 1000
    np.testing.assert_allclose(scored[["prediction"]], expected, rtol=1e-5, atol=1)
    assert "onnx.max_difference" in loaded.card.figures


def test_inputs_and_outputs_are_named_by_their_layers(added):
    """A functional model with several inputs and outputs is compiled, with its branches."""
    model = several_inputs()
    loaded = added(model)
    assert isinstance(loaded.network, OnnxTable)
    rows = pd.DataFrame(RANDOM.normal(size=(20, 3)), columns=["age", "size_0", "size_1"])
    rows.insert(1, "city", np.arange(20) % 10)
    assert [(one.name, one.type) for one in loaded.card.inputs] == [
        ("age", "double"),
        ("city", "long"),
        ("size_0", "double"),
        ("size_1", "double"),
    ]
    scored = loaded.score(rows)
    sizes = rows[["size_0", "size_1"]].to_numpy()
    given = {"age": rows[["age"]].to_numpy(), "city": rows[["city"]].to_numpy(), "size": sizes}
    expected = model.predict(given, verbose=0)
    names = [f"probability_kind_{number}" for number in range(3)]
    np.testing.assert_allclose(scored[names], expected["kind"], atol=1e-6)
    np.testing.assert_allclose(scored[["prediction_price"]], expected["price"], atol=1e-6)
    assert scored["label_kind"].tolist() == expected["kind"].argmax(axis=1).tolist()


def test_a_wide_table_is_compiled(added):
    """Rounding of large numbers is no reason to run the model in TensorFlow."""
    loaded = added(dense(layers.Dense(60, "relu"), layers.Dense(10, "softmax"), width=784))
    assert isinstance(loaded.network, OnnxTable)


def test_a_table_of_keras_2_gives_the_outputs_of_keras_2(tmp_path):
    """Its file is translated, so a hard sigmoid is that of its version."""
    kernel, bias = np.array([[1.0], [-2.0]], np.float32), np.array([0.25], np.float32)
    config = {"units": 1, "activation": "hard_sigmoid", "use_bias": True}
    layer = keras_2.layer("Dense", "dense", **config, batch_input_shape=[None, 2], dtype="float32")
    given = {"dense": [kernel, bias]}
    keras_2.write_hdf5(tmp_path / "old.h5", keras_2.sequential(layer), given)
    added = add_model(tmp_path / "old.h5", name="mine", output=tmp_path / "models")
    assert [one.name for one in added.card.outputs] == ["label", "probability_0", "probability_1"]
    rows = pd.DataFrame({"x0": [0.5, 1.5, 9.0], "x1": [0.25, -0.5, 0.0]})
    scored = load_model(tmp_path / "models" / "mine").score(rows)
    sums = rows.to_numpy() @ kernel[:, 0] + 0.25
    expected = np.clip(0.2 * sums + 0.5, 0, 1)
    np.testing.assert_allclose(scored["probability_1"], expected, atol=1e-6)


def test_a_compiled_table_needs_no_tensorflow(added, tmp_path):
    """A worker scores it with ONNX Runtime alone."""
    added(dense(layers.Dense(1)))
    script = (
        "import sys; from pathlib import Path; import pandas as pd\n"
        "from shared.model import load_model\n"
        "model = load_model(Path(sys.argv[1])); model.warm_up()\n"
        "model.score(pd.DataFrame({'x0': [1.0], 'x1': 2.0, 'x2': 3.0}))\n"
        "print([name for name in ('tensorflow', 'keras', 'onnx') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "models" / "mine")]
    assert subprocess.check_output(command, text=True).strip() == "[]"


def test_a_folder_of_a_table_is_compiled_again(added, tmp_path):
    """The new card keeps the signature."""
    added(dense(layers.Dense(2)))
    folder = tmp_path / "models" / "mine"
    before = read_card(folder)
    after = compile_model(folder)
    assert (after.signature, after.options) == (before.signature, before.options)
    assert "model.onnx" in after.files
