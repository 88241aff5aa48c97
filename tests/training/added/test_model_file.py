import gzip
import os
import pickle
import zipfile

import joblib
import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from scorelane.commands.main import cli
from shared.errors.model import UnusableModel
from training.add_model import add_model

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 123\n"
PICKLE = pickle.dumps(["good", "bad"] * 99)
HDF5 = b"\x89HDF\r\n\x1a\n" + b"1" * 99


def zipped(*names):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "content")

    return write


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("m.pkl", POINTER, "git-lfs pointer.*git lfs pull"),
        ("m.h5", POINTER, "git-lfs pointer.*git lfs pull"),
        ("m.keras", POINTER, "git-lfs pointer.*git lfs pull"),
        ("m.onnx", POINTER, "git lfs pull"),
        ("m.pkl", b"", "it is empty"),
        ("m.keras", b"", "it is empty"),
        ("m.joblib", b"\0" * 99, "it is empty"),
        ("m.pkl", b"\n<!DOCTYPE html><p>Not found", "web page.*Download"),
        ("m.h5", b"<html>", "web page.*Download"),
        ("m.pkl", b"<?xml version='1.0'?><Error>AccessDenied</Error>", "XML.*Download"),
        ("m.pkl", b'{"message": "Not Found"}', "JSON.*download"),
        ("m.pkl", b"404: Not Found", "a text file"),
        ("m.pkl", b"text,label\ngood,1\n", "a text file"),
        ("m.pkl", b"import joblib\n.", "a text file"),
        ("m.pkl", PICKLE[:2], "Copy the whole file again"),
        ("m.pkl", PICKLE[:-1], "Copy the whole file again"),
        ("m.pkl", PICKLE[:50], "Copy the whole file again"),
        ("m.pkl", gzip.compress(PICKLE)[:30], "Copy the whole file again"),
        ("m.pkl", b"\x80\x63" + PICKLE[2:], "protocol 99, by a newer Python"),
        ("m.pkl", b"csys\nexit\n(I0\ntR.", "cannot be unpickled .SystemExit"),
        ("m.pkl", b"c__main__\nclean\n.", "'clean' of the script.*cloudpickle.dump"),
        ("m.pkl", b"cpreprocessing\nclean\n.", "the module 'preprocessing'"),
        ("m.pkl", b"cnot_here.nn\nLinear\n.", "the module 'not_here'"),
        ("m.pkl", b"csklearn.gone\nGone\n.", r"here is scikit-learn.*sklearn\.gone"),
        ("m.pkl", b"csklearn.svm\nGone\n.", r"here is scikit-learn.*sklearn\.svm"),
        ("m.pkl", zipped("mine/model.pkl", "mine/notes"), r"Unpack it.*mine/model\.pkl"),
        ("m.h5", zipped("mine/model.h5"), "Unpack it"),
        ("m.zip", zipped("mine/model.pkl"), "Unpack it"),
        ("m.pkl", zipped("mine/data.pkl", "mine/version"), "PyTorch"),
        ("m.pt", zipped("mine/data.pkl", "mine/version"), "must end in .*PyTorch"),
        ("m.pth", PICKLE, "must end in .*PyTorch"),
        ("m.pkl", zipped("config.json", "model.weights.h5"), r"Rename it to end in \.keras"),
        ("m.h5", zipped("config.json", "model.weights.h5"), r"Rename it to end in \.keras"),
        ("m.pkl", zipped("a.npy"), "an array of numpy"),
        ("m.pkl", b"PK\x03\x04", "a damaged zip file"),
        ("m.pkl", HDF5, r"rename it to end in \.h5"),
        ("m.h5", PICKLE, r"rename it to end in \.pkl"),
        ("m.model", HDF5, r"rename it to end in \.h5"),
        ("m", PICKLE, r"rename it to end in \.pkl"),
        ("m.pk", PICKLE, r"rename it to end in \.pkl"),
        ("m.pkl", b"\x11\0\0\0\0\0\0\0" + b'{"a":{"dtype":1}}', "safetensors"),
        ("m.safetensors", b"any", "must end in .*safetensors"),
        ("m.pkl", b"\x08\x08\x12\x08skl2onnx", "ONNX"),
        ("m.onnx", b"any", "it is no ONNX file"),
        ("m.json", b'{"learner":{}}', "XGBoost"),
        ("m.ubj", b"{L\0\0\0\0\0\0\0\x07learner{", "XGBoost"),
        ("m.txt", b"tree\nversion=v4\n", "LightGBM"),
        ("m.cbm", b"CBM1", "CatBoost"),
        ("m.tflite", b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
        ("m.gz", b"\x1f\x8b", r"rename it to end in \.pkl\.gz"),
        ("m.h5.gz", b"\x1f\x8b", "otherwise unpack it"),
        ("m.pkl.gz", b"\x1f\x8b", "Copy the whole file again"),
        ("m.pkl.lz4", b"\x04\x22\x4d\x18", "LZ4. Install the package lz4|Copy the whole file"),
        ("m.skops", PICKLE, r"rename it to end in \.pkl"),
        ("m.skops", b"anything", "no file of skops"),
        ("m.skops", b"PK\x03\x04", "a damaged zip file"),
        ("m.skops", zipped("mine/model.pkl"), "Unpack it"),
        ("m.skops", zipped("schema.json"), "no whole file of skops"),
        ("m.pkl", zipped("schema.json"), r"Rename it to end in \.skops"),
        ("m.pkl", b"\x93NUMPY\x01\0", "an array of numpy"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_what_to_do(tmp_path, name, content, reason):
    """The message says what the file is, and nothing is left in the folder of models."""
    if callable(content):
        content(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableModel, match=f"(?s){name} cannot be served: .*{reason}"):
        add_model(tmp_path / name, name="mine", output=tmp_path / "models")
    assert not any((tmp_path / "models").glob("*"))


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (["a/saved_model.pb"], "SavedModel"),
        (["a/config.json", "a/model.safetensors"], "transformer"),
        (["a/card.json"], "a model folder already"),
        (["a/one.pkl"], r"Name the model file in it: one\.pkl"),
        ([], "Name the model file in it"),
    ],
)
def test_a_folder_is_refused_with_what_to_do(tmp_path, held, reason):
    """A folder is no model file; what it holds decides the advice."""
    (tmp_path / "a").mkdir()
    for name in held:
        (tmp_path / name).write_bytes(b"content")
    with pytest.raises(UnusableModel, match=reason):
        add_model(tmp_path / "a", name="mine", output=tmp_path / "models")


def test_a_named_pipe_is_refused_at_once(tmp_path):
    """Reading a pipe that nobody writes to would wait for ever."""
    os.mkfifo(tmp_path / "m.pkl")
    with pytest.raises(UnusableModel, match="no regular file"):
        add_model(tmp_path / "m.pkl", name="mine", output=tmp_path / "models")


@pytest.mark.parametrize("name", ["m.pkl", "m.pickle", "m.joblib", "m.sav", "M.PKL"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_pickles_of_every_protocol_and_usual_name_are_added(tmp_path, name, protocol):
    """A pickle of protocol 0 looks like a text, and is none."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    pipeline.fit(["good", "bad"], np.array([1, 0]))
    (tmp_path / name).write_bytes(pickle.dumps(pipeline, protocol=protocol))
    added = add_model(tmp_path / name, name="mine", output=tmp_path / "models")
    assert added.classes == {"0": 0.0, "1": 1.0}


def test_the_command_says_how_outputs_are_taken(tmp_path):
    """Classes and their values are printed, or the range of a regressor."""
    for number, (model, said) in enumerate(
        [
            (LogisticRegression(), "what the classes are worth (0: 0, 1: 1)."),
            (Ridge(), "the one number that the model gives, taken as 0 to 1."),
        ]
    ):
        pipeline = make_pipeline(TfidfVectorizer(), model).fit(["good", "bad"], [1, 0])
        joblib.dump(pipeline, tmp_path / "m.pkl")
        words = ["--name", f"m{number}", "--output", tmp_path / "models"]
        result = CliRunner().invoke(cli, ["add-model", *map(str, [tmp_path / "m.pkl", *words])])
        assert result.exit_code == 0, result.output
        assert said in result.stdout


def test_a_compressed_pickle_is_added(tmp_path):
    """Joblib reads the files that it has compressed."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good", "bad"], [1, 0])
    joblib.dump(pipeline, tmp_path / "m.pkl", compress=3)
    assert add_model(tmp_path / "m.pkl", name="mine", output=tmp_path / "models").classes


@pytest.mark.parametrize("name", ["m.pkl", "folder", "missing.pkl"])
def test_the_command_prints_the_reason_and_no_traceback(tmp_path, name):
    """The command ends with status 2 and one line."""
    (tmp_path / "m.pkl").write_bytes(POINTER)
    (tmp_path / "folder").mkdir()
    words = ["add-model", tmp_path / name, "--name", "mine", "--output", tmp_path / "models"]
    result = CliRunner().invoke(cli, list(map(str, words)))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {tmp_path / name} cannot be served: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "models").exists()
