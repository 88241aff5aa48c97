"""Fixtures: models as users save them."""

import json
import pickle

import joblib
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.known_words import READING, WORD_IDX
from support.labelled_texts import TEXTS

from shared.model import load_model
from training.add_model import add_model
from training.added.meaning import Meaning
from training.hdf5 import quiet_about_hdf5


@pytest.fixture
def theirs(tmp_path):
    """A user's Keras file and word index."""
    quiet_about_hdf5()
    index = tmp_path / "their_words.json"
    index.write_text(json.dumps(WORD_IDX), encoding="utf-8")

    def save(model, name="theirs.h5"):
        path = tmp_path / name
        model.save(path)
        return path, Meaning(word_index=index, **READING)

    return save


@pytest.fixture
def add(tmp_path):
    """Save an estimator and add it, as a user does; returns what was added, and the model."""

    def added(estimator, **meaning):
        joblib.dump(estimator, tmp_path / "theirs.pkl")
        found = add_model(
            tmp_path / "theirs.pkl",
            name="mine",
            output=tmp_path / "models",
            meaning=Meaning(**meaning),
            force=True,
        )
        return found, load_model(tmp_path / "models" / "mine")

    return added


@pytest.fixture
def pickled(tmp_path):
    """A pipeline that a user fitted and saved."""

    def save(labels, classifier=None, name="theirs.pkl", dump=joblib.dump):
        if classifier is None:  # not `or`: an unfitted forest has no length
            classifier = LogisticRegression()
        pipeline = make_pipeline(TfidfVectorizer(), classifier)
        path = tmp_path / name
        pipeline.fit(TEXTS[: len(labels)], labels)
        if dump is joblib.dump:
            joblib.dump(pipeline, path)
        else:
            path.write_bytes(pickle.dumps(pipeline))
        return path

    return save
