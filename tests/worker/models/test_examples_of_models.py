"""A worker scores the rows that are stored with a real model, and serves it if nothing changed."""

import json
import logging
from contextlib import closing
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.passengers import FATES, PASSENGERS, columns

from shared.card import CARD_FILE, read_card, write_card
from shared.errors.model import NoSoundModel
from shared.examples import EXAMPLES_FILE
from shared.model_folders import read_folders
from training.add_model import add_model
from worker.models import loading
from worker.models.served_models import ServedModels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pipeline over a table, whose card says that another scikit-learn made it."""
    pipeline = make_pipeline(columns(), LogisticRegression()).fit(PASSENGERS, FATES)
    joblib.dump(pipeline, tmp_path / "theirs.pkl")
    add_model(tmp_path / "theirs.pkl", name="mine", output=tmp_path / "models")
    folder = tmp_path / "models" / "mine"
    card = json.loads((folder / CARD_FILE).read_text())
    card["libraries"]["scikit-learn"] = "0.1"
    (folder / CARD_FILE).write_text(json.dumps(card))
    return folder


def load(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The models that a worker loads, and those that it does not serve."""
    with closing(ServedModels(read_folders(folder.parent), processes=1)) as models:
        try:
            return list(loading.load_models(models)), models.failed()
        except NoSoundModel:
            return [], models.failed()


def test_another_version_that_gives_the_same_is_logged(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The model is served, and measured on rows like its examples."""
    caplog.set_level(logging.INFO)
    assert load(folder) == ([read_card(folder).full_name], {})
    assert "(added with 0.1)" in caplog.text


def test_another_version_that_gives_something_else_is_not_served(folder: Path) -> None:
    """The reason has the output, the difference, and the versions."""
    card = read_card(folder)
    stored = json.loads((folder / EXAMPLES_FILE).read_text())
    stored["rows"][3]["outputs"]["probability_died"] += 0.001
    (folder / EXAMPLES_FILE).write_text(json.dumps(stored))
    write_card(
        folder,
        name=card.name,
        format=card.format,
        files=list(card.files),
        options=card.options,
        signature=card.signature,
        libraries=card.libraries,
    )
    served, failed = load(folder)
    assert not served
    assert "probability_died is" in failed["mine"]
    assert "the largest difference is 0.001 (row 4 of examples.json)" in failed["mine"]
    assert "scikit-learn" in failed["mine"]
    assert "(added with 0.1)" in failed["mine"]
