"""Fixtures: models as users save them."""

import json

import pytest
from support.known_words import READING, WORD_IDX

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
