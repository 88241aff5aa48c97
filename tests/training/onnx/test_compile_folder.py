import json
import re
import shutil
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

pytest.importorskip("keras")

from scorelane.commands.main import cli
from scoring.keras_model import KerasModel, get_sentiment_DL
from scoring.networks.keras_files import read_keras
from shared.card import read_card, write_card
from shared.config.places import BUNDLED_MODELS
from shared.errors.input import BadOption
from shared.errors.model import DigestMismatch, UnusableModel
from shared.model import file_digest, load_model
from training.onnx.compile import compile_model
from training.onnx.generated_texts import generated_texts

pytestmark = pytest.mark.keras


@pytest.fixture
def uncompiled(tmp_path):
    """The bundled deep model without its compiled file."""
    folder = tmp_path / "models" / "deep"
    shutil.copytree(BUNDLED_MODELS / "deep", folder)
    (folder / "model.onnx").unlink()
    card = read_card(BUNDLED_MODELS / "deep")
    write_card(
        folder,
        name="mine",
        format="hdf5",
        files=["model.hdf5", "word_idx.json"],
        options=card.options,
        figures={"accuracy": 0.8},
        description="A try.",
        training_data=["a.csv: 3 rows"],
        libraries={"keras": "3"},
    )
    return folder


def test_a_folder_is_compiled_by_one_command(uncompiled):
    """`scorelane compile` adds the compiled file, and keeps everything else in the card."""
    before, digest = read_card(uncompiled), file_digest(uncompiled / "model.hdf5")
    command = ["compile", "deep", "--models-dir", str(uncompiled.parent)]
    finished = CliRunner().invoke(cli, command)
    assert finished.exit_code == 0, finished.output
    assert "ONNX Runtime runs it, and its scores differ by" in finished.stdout
    card = read_card(uncompiled)
    assert f"mine@{card.version} is in {uncompiled}." in finished.stdout
    assert card.files.keys() == before.files.keys() | {"model.onnx"}
    assert card.files["model.hdf5"] == digest
    assert card.figures.keys() == {"accuracy", "onnx.max_difference"}
    for field in ("name", "options", "description", "training_data"):
        assert getattr(card, field) == getattr(before, field)
    assert card.version != before.version
    # A path through the folder itself, which is briefly missing while it is replaced.
    again = compile_model(uncompiled / ".." / "deep")
    assert again.version == card.version, "compiling is repeatable"
    assert [path.name for path in uncompiled.parent.iterdir()] == ["deep"]


def test_a_compiled_file_is_checked_as_any_other(uncompiled):
    """A compiled file that was changed later is not loaded."""
    compile_model(uncompiled)
    with (uncompiled / "model.onnx").open("ab") as file:
        file.write(b"more")
    with pytest.raises(DigestMismatch, match=r"model\.onnx"):
        load_model(uncompiled)


def test_the_bundled_model_gives_the_scores_of_tensorflow():
    """The compiled model, `predict` and the article's function agree on texts of natural length."""
    folder = BUNDLED_MODELS / "deep"
    card = read_card(folder)
    assert card.figures["onnx.max_difference"] <= 1e-5
    word_idx = json.loads((folder / "word_idx.json").read_text(encoding="utf-8"))
    frame = pd.DataFrame({"text": generated_texts(word_idx, 300, seed=9)})
    served = load_model(folder).score(frame)["Sentiment_Score"]
    model = read_keras(folder / "model.hdf5")
    alone = get_sentiment_DL(model, frame, word_idx)["Sentiment_Score"]
    # Without its card, the article's function reads the first 56 words.
    plain = frame["text"].str.split().str.len() <= 50
    np.testing.assert_allclose(served[plain], alone[plain], atol=1e-5)
    in_tensorflow = KerasModel.load(folder, card.model_copy(update={"files": {}}))
    rows = in_tensorflow.network.full_rows(
        in_tensorflow._numbers.rows(frame["text"].tolist(), in_tensorflow.network.max_length)
    )
    outputs = model.predict(rows, batch_size=32, verbose=0)
    np.testing.assert_allclose(served, outputs @ np.arange(0.05, 1, 0.1), atol=1e-5)


def test_only_keras_models_are_compiled(tmp_path):
    """A scikit-learn model is refused and not changed."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good", "bad"], [1, 0])
    (tmp_path / "mine").mkdir()
    joblib.dump(pipeline, tmp_path / "mine" / "model.pkl")
    card = write_card(tmp_path / "mine", name="mine", format="pkl", files=["model.pkl"])
    with pytest.raises(BadOption, match="only Keras models"):
        compile_model(tmp_path / "mine")
    assert read_card(tmp_path / "mine") == card


def test_a_damaged_model_is_not_compiled(uncompiled):
    """A folder with another model's word index is refused and not changed."""
    (uncompiled / "word_idx.json").write_text('{"beyond": 99999}')
    card = write_card(uncompiled, name="mine", format="hdf5", files=["model.hdf5", "word_idx.json"])
    with pytest.raises(UnusableModel, match="belong to another model"):
        compile_model(uncompiled)
    assert read_card(uncompiled) == card


SERVE = """
import sys
from pathlib import Path
for name in {missing!r}:
    sys.modules[name] = None  # an import of it fails, as where it is not installed
import pandas as pd
from shared.model import load_model
from shared.errors.model import NoRuntime
try:
    model = load_model(Path(sys.argv[1]))
except NoRuntime as error:
    sys.exit(str(error))
model.warm_up()
print(model.score(pd.DataFrame({{"text": ["I am well"]}}))["Sentiment_Score"][0])
print([name for name in ("tensorflow", "keras", "onnx", "sklearn") if name in sys.modules])
"""


def serve(folder, *missing):
    """Load a model and score a text in a new process in which some libraries are missing."""
    return subprocess.run(
        [sys.executable, "-c", SERVE.format(missing=missing), folder],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_compiled_model_needs_no_tensorflow():
    """The bundled deep model is served by a process that never imports TensorFlow."""
    finished = serve(BUNDLED_MODELS / "deep")
    score, modules = finished.stdout.splitlines()
    assert float(score) > 0.65
    assert modules == "[]"


@pytest.mark.parametrize(
    ("missing", "compiled", "reason"),
    [
        (["tensorflow", "keras"], False, r"keras.*is not compiled.*Install its libraries"),
        (["onnxruntime"], True, r"onnxruntime.*Install its libraries"),
    ],
)
def test_a_library_that_is_missing_is_named(uncompiled, missing, compiled, reason):
    """If the library that runs the model is missing, the error names it and says what to do."""
    folder = BUNDLED_MODELS / "deep" if compiled else uncompiled
    finished = serve(folder, *missing)
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    assert re.search(reason, " ".join(finished.stderr.split()))


def test_the_article_s_function_imports_no_tensorflow():
    """Importing `get_sentiment_DL` does not import TensorFlow."""
    script = (
        "import sys; from scoring.keras_model import get_sentiment_DL; "
        "print([name for name in ('tensorflow', 'keras', 'onnxruntime') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"
