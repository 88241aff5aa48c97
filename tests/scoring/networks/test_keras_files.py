import zipfile

import numpy as np
import pytest

keras = pytest.importorskip("keras")
from support.keras_2 import (  # noqa: E402  after the check that keras is here
    WORDS,
    dense,
    embedding,
    layer,
    lstm,
    scores,
    sequential,
    weights,
    write_hdf5,
    write_keras,
)

from scoring.networks.keras_files import read_keras  # noqa: E402
from scoring.networks.onnx_network import OnnxNetwork  # noqa: E402
from scoring.networks.tensorflow_network import TensorFlowNetwork  # noqa: E402
from training.hdf5 import save_hdf5  # noqa: E402
from training.onnx.layers import write_onnx  # noqa: E402

pytestmark = pytest.mark.keras

LENGTH = 6
ROWS = np.random.default_rng(3).integers(1, WORDS, (20, LENGTH)).tolist()
SHORT_ROWS = [row[: number % LENGTH] for number, row in enumerate(ROWS)]


def check_scores(path, expected, tmp_path, rows=ROWS):
    """A file gives these scores in TensorFlow and compiled."""
    model = read_keras(path)
    write_onnx(model, tmp_path / "model.onnx")
    for network in (TensorFlowNetwork(model), OnnxNetwork(tmp_path / "model.onnx", {})):
        np.testing.assert_allclose(network.scores(rows), expected, atol=1e-6)


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("write", [write_hdf5, write_keras])
def test_a_hard_sigmoid_of_keras_2_gives_the_scores_of_keras_2(tmp_path, write, mask):
    """0.2 x + 0.5 between 0 and 1, in both kinds of files, with and without InputLayer."""
    model = sequential(embedding(LENGTH, mask=mask), lstm(), dense())
    path = write(tmp_path / "model.hdf5", model, weights())
    check_scores(path, scores(weights(), ROWS, mask=mask), tmp_path)


def test_a_model_that_keras_3_saves_again_keeps_the_meaning(tmp_path):
    """A `.keras` file of Keras 2 becomes an HDF5 file of Keras 3 with the same scores."""
    path = write_keras(
        tmp_path / "model.keras", sequential(embedding(LENGTH), lstm(), dense()), weights()
    )
    save_hdf5(read_keras(path), tmp_path / "model.hdf5")
    check_scores(tmp_path / "model.hdf5", scores(weights(), ROWS), tmp_path)


def test_a_hard_sigmoid_of_keras_3_keeps_the_meaning_of_keras_3(tmp_path):
    """A file of Keras 3 means x / 6 + 0.5."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Activation("hard_sigmoid")])
    model.save(tmp_path / "model.keras")
    given = np.array([[1.2, -1.2, 2.7]], dtype=np.float32)
    read = read_keras(tmp_path / "model.keras")
    np.testing.assert_allclose(read(given), given / 6 + 0.5, atol=1e-6)


def test_dropout_over_whole_features_and_inner_models_are_read(tmp_path):
    """A SpatialDropout1D with its old options, and a Sequential inside another one."""
    dropout = layer("SpatialDropout1D", "dropout", rate=0.3, noise_shape=None, seed=None)
    inner = sequential(embedding(LENGTH), dropout, lstm(), name="inner")
    given = weights()
    arrays = {"inner": [*given["embedding"], *given["lstm"]], "dense": given["dense"]}
    path = write_hdf5(tmp_path / "model.h5", sequential(inner, dense(), name="outer"), arrays)
    check_scores(path, scores(given, ROWS), tmp_path)


def test_a_mean_over_no_words_is_no_number(tmp_path):
    """With masked zeros only words are averaged, and a text without any has no score."""
    pool = layer("GlobalAveragePooling1D", "pool", data_format="channels_last")
    given = weights() | {
        "lstm": [],
        "dense": [np.ones((4, 1), np.float32), np.zeros(1, np.float32)],
    }
    model = sequential(embedding(LENGTH, mask=True), pool, dense())
    path = write_hdf5(tmp_path / "model.h5", model, given | {"pool": []})
    means = [given["embedding"][0][row].mean(axis=0).sum() if row else np.nan for row in SHORT_ROWS]
    expected = 1 / (1 + np.exp(-np.array(means)))
    assert np.isnan(expected).any()
    check_scores(path, expected, tmp_path, SHORT_ROWS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "1.2.2"}, "saved by Keras 1.2.2, which is too old for Keras 3"),
        ({"version": ""}, "which is too old"),
        ({"version": "4.0.0"}, "saved by Keras 4.0.0, which is too new for Keras 3"),
        ({"backend": "theano"}, "saved by Keras 2.2.4-tf, and Keras 3.*form of theano"),
    ],
)
def test_a_file_of_another_age_is_refused(tmp_path, change, reason):
    """The message names the version of the file, and the one that is installed."""
    model = sequential(embedding(LENGTH), lstm(), dense())
    path = write_hdf5(tmp_path / "model.h5", model, weights(), **change)
    with pytest.raises(ValueError, match=reason):
        read_keras(path)


def _adds_masked_sequences(mask):
    ids = keras.Input((LENGTH,))
    words = keras.layers.Embedding(WORDS, 4, mask_zero=mask)(ids)
    both = keras.layers.Add()([keras.layers.LSTM(4, return_sequences=True)(words), words])
    return keras.Model(ids, keras.layers.Dense(1, "sigmoid")(keras.layers.LSTM(3)(both)))


def test_masked_sequences_that_an_older_keras_3_merged_are_refused(tmp_path):
    """Since 3.7 a masked element counts otherwise in a sum; without masks nothing changed."""
    for mask in (True, False):
        _adds_masked_sequences(mask).save(tmp_path / "now.keras")
        with (
            zipfile.ZipFile(tmp_path / "now.keras") as now,
            zipfile.ZipFile(tmp_path / f"{mask}.keras", "w") as old,
        ):
            for name in ("config.json", "model.weights.h5"):
                old.writestr(name, now.read(name))
            old.writestr("metadata.json", '{"keras_version": "3.3.3"}')
    with pytest.raises(ValueError, match=r"Keras 3\.3\.3.*merges masked sequences"):
        read_keras(tmp_path / "True.keras")
    read_keras(tmp_path / "False.keras")


def test_a_layer_that_keeps_its_state_is_refused():
    """A text has one score, whatever was scored before it."""
    layers = [keras.layers.Embedding(WORDS, 4), keras.layers.LSTM(3, stateful=True)]
    ids = keras.Input((LENGTH,), batch_size=8)
    model = keras.Sequential([ids, *layers, keras.layers.Dense(1, "sigmoid")])
    with pytest.raises(ValueError, match="stateful=False"):
        TensorFlowNetwork(model)


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_code_in_a_file_is_refused(tmp_path, name):
    """A Lambda layer is code, whatever version of Keras saved it."""
    twice = keras.layers.Lambda(lambda x: 2 * x)
    keras.Sequential([keras.Input((3,)), twice]).save(tmp_path / name)
    with pytest.raises(ValueError, match="Lambda layer, which is code"):
        read_keras(tmp_path / name)
