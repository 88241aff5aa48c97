"""Fixtures: folders of models that are not compiled."""

import json

import pytest
from support.numbered_words import WORD_IDX

from shared.card import write_card
from training.hdf5 import save_hdf5


@pytest.fixture
def folder_of(tmp_path):
    """Write a model folder that is not compiled."""

    def write(model, word_idx=WORD_IDX, **options):
        folder = tmp_path / "mine"
        folder.mkdir()
        save_hdf5(model, folder / "model.hdf5")
        (folder / "word_idx.json").write_text(json.dumps(word_idx), encoding="utf-8")
        write_card(
            folder,
            name="mine",
            format="hdf5",
            files=["model.hdf5", "word_idx.json"],
            options=options,
            description="A try.",
            training_data=["a.csv: 3 rows"],
            figures={"accuracy": 0.5},
            libraries={"keras": "3"},
        )
        return folder

    return write
