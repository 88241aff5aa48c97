"""Which folders load as models, and which are refused before any of their bytes run."""

import json
import sys
from pathlib import Path

import pytest

from shared.card import read_card, write_card
from shared.errors import model as model_errors
from shared.model import load_model
from shared.model_folders import read_folders

BUNDLED = Path(__file__).resolve().parent.parent.parent / "models"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with a sound card."""
    (tmp_path / "model.pkl").write_bytes(b"not really a pickle")
    write_card(tmp_path, name="mine", format="pkl", files=["model.pkl"])
    return tmp_path


def test_a_card_is_read_back(folder: Path) -> None:
    """A card names the model, its files' digests, and a version that follows from them."""
    card = read_card(folder)
    assert (card.name, card.format, list(card.files)) == ("mine", "pkl", ["model.pkl"])
    before = card.version
    (folder / "model.pkl").write_bytes(b"something else")
    assert write_card(folder, name="mine", format="pkl", files=["model.pkl"]).version != before


def test_a_changed_file_is_refused(folder: Path) -> None:
    """A file that differs from its card is not loaded."""
    with (folder / "model.pkl").open("ab") as file:
        file.write(b"!")
    with pytest.raises(model_errors.DigestMismatch, match="is not the file that its card names"):
        load_model(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    """A file that the card names must be there."""
    (folder / "model.pkl").unlink()
    with pytest.raises(model_errors.DigestMismatch):
        load_model(folder)


def test_a_folder_without_a_card_is_refused(folder: Path) -> None:
    """A folder without a card is refused."""
    (folder / "card.json").unlink()
    with pytest.raises(model_errors.NoCard, match="add-model"):
        load_model(folder)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    """A missing folder is named."""
    with pytest.raises(model_errors.NoModelFolder, match="nowhere"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(model_errors.NoModelFolder):
        read_folders(tmp_path)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """A format without a runtime is named, with the known formats."""
    (tmp_path / "model.pmml").write_bytes(b"x")
    write_card(tmp_path, name="mine", format="pmml", files=["model.pmml"])
    with pytest.raises(model_errors.UnknownFormat, match=r"hdf5, .*, pkl"):
        load_model(tmp_path)


def test_a_runtime_without_its_library_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the library of a runtime is not installed, the error says what to install."""
    for module in ("sklearn", "joblib", "scoring.sklearn_model"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(model_errors.NoRuntime, match="leave the model out with SCORELANE_SERVE"):
        load_model(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../up"),
        ("version", "0" * 12),
        ("files", {"other.pkl": "0" * 64}),
        ("unknown", 1),
        ("format", None),
    ],
)
def test_a_card_that_is_not_sound_is_refused(folder: Path, field: str, value: object) -> None:
    """A card with a wrong or unknown field is refused before any file is read."""
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {field: value}))
    with pytest.raises(model_errors.BadCard, match="is not a model card"):
        read_card(folder)


def test_a_card_that_is_not_json_is_refused(folder: Path) -> None:
    """A damaged card is named."""
    (folder / "card.json").write_text("{")
    with pytest.raises(model_errors.BadCard):
        read_card(folder)


def test_the_bundled_models_are_sound() -> None:
    """Both bundled models match their cards, and are under 8 MB each."""
    cards = {card.name: card for card in read_folders(BUNDLED).cards.values()}
    assert {name: card.format for name, card in cards.items()} == {"fast": "pkl", "deep": "hdf5"}
    for name, card in cards.items():
        assert sum((BUNDLED / name / file).stat().st_size for file in card.files) < 8_000_000
        assert card.figures
        assert card.training_data
        assert card.libraries
