"""What `add-model` stores can be loaded by processes that know nothing of the script that saved it.

A script saves its model in all forms; this process adds them; another one loads and scores them.
"""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest

from shared.errors.model import UnusableModel
from training.add_model import add_model
from training.added.meaning import Meaning

#: Saves one model in many forms, and prints its scores as JSON. Its functions are of `__main__`.
SCRIPT = """
import bz2, gzip, json, lzma, pickle, sys, zlib
from pathlib import Path
import cloudpickle, joblib
from skops import io
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder

SIGNS = "!?."

def words_of(text):
    return [word.strip(SIGNS) for word in text.split()]

class Cleaner(BaseEstimator, TransformerMixin):
    def fit(self, X, y=None):
        return self
    def transform(self, X):
        return [text.replace("n't", " not") for text in X]
    def __sklearn_is_fitted__(self):
        return True

folder, texts = Path(sys.argv[1]), json.loads(sys.argv[2])
data = ["good", "isn't good!", "very bad", "bad?", "good and fine", "not fine"]
labels = ["positive", "negative", "negative", "negative", "positive", "negative"]
encoder = LabelEncoder().fit(labels)
numbers = encoder.transform(labels)

def steps(own):
    lower = FunctionTransformer(lambda X: [text.lower() for text in X])
    made = [TfidfVectorizer()]
    if own:
        made = [Cleaner(), lower, TfidfVectorizer(tokenizer=words_of, token_pattern=None)]
    pipeline = make_pipeline(*made, LogisticRegression()).fit(data, numbers)
    return pipeline, pipeline[-2], pipeline[-1]

own, _, model = steps(True)
plain, vectorizer, plain_model = steps(False)

def write(name, content):
    (folder / name).write_bytes(content)

write("own.pkl", cloudpickle.dumps(own))
write("own_steps.pkl", cloudpickle.dumps(
    {"steps": own[:-1], "model": model, "label_encoder": encoder, "accuracy": 0.9}))
write("own_vectorizer.pkl", cloudpickle.dumps(own[:-1]))
joblib.dump(model, folder / "own_model.pkl")
write("own.pkl.gz", gzip.compress(cloudpickle.dumps(own)))
joblib.dump((vectorizer, plain_model, encoder), folder / "parts.joblib")
io.dump(plain, folder / "plain.skops")
io.dump({"model": plain_model, "vectorizer": vectorizer}, folder / "parts.skops")
content = pickle.dumps(plain)
write("plain.sav.gz", gzip.compress(content))
write("plain.pickle.bz2", bz2.compress(content))
write("plain.pkl.xz", lzma.compress(content))
write("plain.pkl.lzma", lzma.compress(content, format=lzma.FORMAT_ALONE))
write("plain.pkl.z", zlib.compress(content))
joblib.dump(plain, folder / "packed.joblib", compress=("xz", 3))
by_name = make_pipeline(own[0], vectorizer, plain_model)
joblib.dump(by_name, folder / "by_name.joblib")
write("by_name.pkl", pickle.dumps(by_name))
print(json.dumps({
    "own": own.predict_proba(texts)[:, 1].tolist(),
    "plain": plain.predict_proba(texts)[:, 1].tolist(),
}))
"""

#: Prints the scores of each model in a folder as JSON.
LOADER = """
import json, sys
from pathlib import Path
import pandas as pd
from shared.model import load_model

frame = pd.DataFrame({"text": json.loads(sys.argv[2])})
print(json.dumps({
    folder.name: load_model(folder).score(frame)["Sentiment_Score"].tolist()
    for folder in Path(sys.argv[1]).iterdir()
}))
"""

TEXTS = ["GOOD!", "it isn't good", "bad", "fine and bad.", "", "unknown words"]

OWN = ["own.pkl", "own_steps.pkl", "own_model.pkl", "own.pkl.gz"]
PLAIN = [
    "parts.joblib",
    "plain.skops",
    "parts.skops",
    "plain.sav.gz",
    "plain.pickle.bz2",
    "plain.pkl.xz",
    "plain.pkl.lzma",
    "plain.pkl.z",
    "packed.joblib",
]


def run(script: str, folder: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), json.dumps(TEXTS)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[float]]]:
    """The folder in which the script saved its models, and their scores."""
    folder = tmp_path_factory.mktemp("saved")
    return folder, run(SCRIPT, folder)


@pytest.fixture
def add(saved: tuple[Path, Any], tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
    """Add a file of the script."""

    def add_file(file: str, name: str) -> None:
        folder, _ = saved
        steps = [folder / "own_vectorizer.pkl"] if file == "own_model.pkl" else None
        add_model(
            folder / file,
            name=name,
            output=tmp_path / "models",
            meaning=Meaning(vectorizer=steps),
        )

    return add_file


def test_every_stored_form_scores_in_another_process(
    saved: tuple[Path, dict[str, list[float]]],
    add: Callable[[str, str], None],
    tmp_path: Path,
) -> None:
    """Pickles with code of a script, compressed ones, files of skops, and joined parts."""
    names = {file: f"m{number}" for number, file in enumerate([*OWN, *PLAIN])}
    for file, name in names.items():
        add(file, name)
    found = run(LOADER, tmp_path / "models")
    for file, name in names.items():
        expected = saved[1]["own" if file in OWN else "plain"]
        assert found[name] == pytest.approx(expected, rel=0, abs=1e-12), file


@pytest.mark.parametrize("file", ["by_name.pkl", "by_name.joblib"])
def test_a_plain_pickle_names_what_no_worker_has(
    add: Callable[[str, str], None], file: str
) -> None:
    """The message says how the script saves its functions with the model."""
    with pytest.raises(UnusableModel, match=r"'Cleaner' of the script.*cloudpickle\.dump"):
        add(file, "mine")


def test_a_script_that_adds_its_own_model_is_told_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script itself has the functions that its pickle names, and no worker has them."""

    def clean(texts: Any) -> Any:
        return texts

    clean.__module__, clean.__qualname__ = "__main__", "clean"
    monkeypatch.setattr(sys.modules["__main__"], "clean", clean, raising=False)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(clean))
    assert joblib.load(tmp_path / "model.pkl") is clean
    with pytest.raises(UnusableModel, match=r"'clean' of the script.*cloudpickle\.dump"):
        add_model(tmp_path / "model.pkl", name="mine", output=tmp_path / "models")
