"""The columns that an added Keras model of a table takes, and values that it cannot take."""

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here
from support.keras_tables import dense, several_inputs  # noqa: E402

from scoring.networks.tensorflow_table import TensorFlowTable  # noqa: E402
from shared.errors.input import BadOption  # noqa: E402
from shared.errors.model import UnusableModel  # noqa: E402

pytestmark = pytest.mark.keras


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
