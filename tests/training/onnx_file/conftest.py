"""Fixtures: an ONNX file, added."""

import pytest

from shared.model import load_model
from training.add_model import add_model
from training.added.meaning import Meaning


@pytest.fixture
def added(tmp_path):
    """Adds a file with what a user says about it; returns what was understood, and the model."""

    def add(path, **meaning):
        found = add_model(path, name="mine", output=tmp_path / "models", meaning=Meaning(**meaning))
        return found, load_model(tmp_path / "models" / "mine")

    return add


@pytest.fixture
def path(tmp_path):
    return tmp_path / "theirs.onnx"
