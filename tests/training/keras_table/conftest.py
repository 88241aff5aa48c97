"""Fixtures: a Keras model of a table, added."""

import pytest

from shared.model import load_model
from training.add_model import add_model
from training.added.meaning import Meaning
from training.hdf5 import quiet_about_hdf5


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
