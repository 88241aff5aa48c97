import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from support import keras_2

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here

from scoring.networks.onnx_table import OnnxTable  # noqa: E402
from scoring.networks.tensorflow_table import TensorFlowTable  # noqa: E402
from shared.errors.input import BadOption  # noqa: E402
from shared.errors.model import UnusableModel  # noqa: E402
from shared.model import load_model, read_card  # noqa: E402
from training.add_model import add_model  # noqa: E402
from training.added.meaning import Meaning  # noqa: E402
from training.hdf5 import quiet_about_hdf5  # noqa: E402
from training.onnx.compile import compile_model  # noqa: E402

pytestmark = pytest.mark.keras

RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=(20, 3))
TABLE = pd.DataFrame(NUMBERS, columns=["x0", "x1", "x2"])


@pytest.fixture
def added(tmp_path):
    """Save a model, add it, and load it as a worker does."""
    quiet_about_hdf5()

    def add(model, name="theirs.keras", **meaning):
        model.save(tmp_path / name)
        add_model(
            tmp_path / name, name="mine", output=tmp_path / "models", meaning=Meaning(**meaning)
        )
        return load_model(tmp_path / "models" / "mine")

    return add


def dense(*end, width=3):
    keras.utils.set_random_seed(2)
    start = [keras.Input((width,)), layers.Dense(5, "silu"), layers.BatchNormalization()]
    return keras.Sequential([*start, *end])


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


def test_a_number_beyond_an_embedding_has_no_result(added):
    """Only its own row: no other number is looked up in its place."""
    loaded = added(several_inputs())
    rows = pd.DataFrame(
        {"age": 1.0, "city": [3, 10, -1, 2**32], "size_0": 1.0, "size_1": [2.0] * 4}
    )
    scored = loaded.score(rows)
    for name in scored:
        assert scored[name].isna().tolist() == [False, True, True, True]
    assert loaded.score(rows[:1]).equals(scored[:1].astype({"label_kind": np.int64}))


def test_numbers_for_an_embedding_may_be_columns(added):
    """With --inputs, a model that begins with an Embedding takes codes, and needs no words."""
    embedding = layers.Embedding(20, 4, embeddings_initializer="normal")
    model = keras.Sequential([keras.Input((2,)), embedding, layers.Flatten(), layers.Dense(1)])
    with pytest.raises(UnusableModel, match="name them with --inputs"):
        added(model)
    loaded = added(model, inputs="shop:long,item:long")
    scored = loaded.score(pd.DataFrame({"shop": [1, 2, 20], "item": [19, 4, 0]}))
    expected = model.predict(np.array([[1, 19], [2, 4]]), verbose=0)[:, 0]
    np.testing.assert_allclose(scored["prediction"][:2], expected, atol=1e-6)
    assert scored["prediction"].isna().tolist() == [False, False, True]


def test_a_wide_table_is_compiled(added):
    """Rounding of large numbers is no reason to run the model in TensorFlow."""
    loaded = added(dense(layers.Dense(60, "relu"), layers.Dense(10, "softmax"), width=784))
    assert isinstance(loaded.network, OnnxTable)


def test_a_number_beyond_32_bits_has_no_result(added):
    """A sigmoid would make a 1 of the infinity that Keras makes of it."""
    loaded = added(dense(layers.Dense(1, "sigmoid")))
    scored = loaded.score(pd.DataFrame({"x0": [1.0, 1e39], "x1": 1.0, "x2": 1.0}))
    assert scored["label"].isna().tolist() == [False, True]


def test_lookups_in_the_model_take_strings(added):
    """Such a model runs in TensorFlow. A row that it refuses has no result, and others have."""
    color = keras.Input((1,), name="color", dtype="string")
    size = keras.Input((1,), name="size")
    known = layers.StringLookup(
        vocabulary=["red", "blue"], num_oov_indices=0, output_mode="one_hot"
    )
    bins = layers.Discretization(bin_boundaries=[0.0, 1.0], output_mode="one_hot")
    joined = layers.Concatenate()([known(color), bins(size)])
    model = keras.Model([color, size], layers.Dense(2, "softmax")(joined))
    loaded = added(model)
    assert isinstance(loaded.network, TensorFlowTable)
    assert loaded.trial_values() == {"color": ("red", "blue")}
    rows = pd.DataFrame({"color": ["red", "puce", "blue"], "size": [-1.0, 0.5, 7.0]})
    scored = loaded.score(rows)
    assert scored["label"].isna().tolist() == [False, True, False]
    expected = model.layers[-1](np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 1]], np.float32))
    found = scored[["probability_0", "probability_1"]].to_numpy()[[0, 2]]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def vectorising(**how):
    vectorization = layers.TextVectorization(50, **how)
    vectorization.adapt(["it was a good day", "the food was bad"])
    start = [keras.Input((1,), dtype="string"), vectorization, layers.Embedding(50, 4)]
    end = [layers.GlobalAveragePooling1D(), layers.Dense(1, "sigmoid")]
    return keras.Sequential([*start, *end])


def test_a_vectorization_in_the_model_takes_texts(added):
    """A model of texts gives a score of sentiment, and label and probabilities on request."""
    model = vectorising(output_sequence_length=6)
    loaded = added(model)
    assert loaded.card.signature.takes_text
    assert [one.name for one in loaded.card.signature.default_outputs] == ["Sentiment_Score"]
    texts = ["A good day!", "", "bad", "unheard of " * 9]
    scored = loaded.score(pd.DataFrame({"text": texts}))
    expected = model.predict(keras.ops.convert_to_tensor(np.array(texts)[:, None]), verbose=0)
    expected = expected[:, 0]
    np.testing.assert_allclose(scored["Sentiment_Score"], expected, atol=1e-6)
    np.testing.assert_allclose(scored["probability_1"], expected, atol=1e-6)


def test_a_model_whose_rows_depend_on_each_other_is_refused(added):
    """Without a length, a TextVectorization pads to the longest text of a call."""
    with pytest.raises(UnusableModel, match="output_sequence_length"):
        added(vectorising())


@pytest.mark.parametrize(
    ("meaning", "error", "reason"),
    [
        ({"inputs": "a:double"}, BadOption, "the model takes 3 columns: x0, x1, x2"),
        ({"inputs": "a:double,b:double,c:string"}, UnusableModel, "its column c is a string"),
        ({"inputs": "a:double,b:double?,c:double"}, UnusableModel, "may not be optional"),
        ({"classes": ["a", "b"]}, BadOption, "it has no outputs with classes"),
        ({"labels": ["a"]}, BadOption, "it has 2 of them"),
        ({"class_values": [0, 1]}, BadOption, "it is for models of texts"),
        ({"padding": "pre"}, BadOption, "no word numbers"),
    ],
)
def test_what_does_not_fit_is_refused(added, meaning, error, reason):
    """The message says what the model takes."""
    with pytest.raises(error, match=reason):
        added(dense(layers.Dense(2)), **meaning)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: keras.Sequential([keras.Input((4, 4)), layers.Dense(1)]), "not values of columns"),
        (
            lambda: keras.Sequential([keras.Input((4,)), layers.Reshape((2, 2)), layers.Dense(1)]),
            "must be rows of a known number of units",
        ),
    ],
)
def test_other_shapes_are_refused(added, model, reason):
    """Images and sequences are no columns."""
    with pytest.raises(UnusableModel, match=reason):
        added(model())


def test_columns_are_found_by_the_names_of_the_layers(added):
    """If the given columns have these names, their order does not matter."""
    loaded = added(several_inputs(), inputs="size_1:double,size_0:double,age:long,city:long")
    assert loaded.card.options["feeds"][2]["columns"] == ["size_0", "size_1"]
    assert [one.name for one in loaded.card.inputs] == ["size_1", "size_0", "age", "city"]


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


def test_example_rows_name_the_columns(added, tmp_path):
    """Whole numbers in the rows do not make a column of whole numbers."""
    example = tmp_path / "rows.csv"
    example.write_text("size,age,new\n1.5,30,true\n2.5,41,false\n")
    loaded = added(dense(layers.Dense(1)), example=example)
    assert [(one.name, one.type) for one in loaded.card.inputs] == [
        ("size", "double"),
        ("age", "double"),
        ("new", "boolean"),
    ]


def test_an_example_may_have_more_columns_than_the_model(added, tmp_path):
    """The columns with the names of the input layers are taken."""
    example = tmp_path / "rows.csv"
    example.write_text("city,price,size_1,size_0,age\n3,9.5,1,2,30\n")
    loaded = added(several_inputs(), example=example)
    assert [one.name for one in loaded.card.inputs] == ["age", "city", "size_0", "size_1"]
