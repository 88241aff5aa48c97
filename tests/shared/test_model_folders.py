"""Which folders of a models folder are served, and why others are not."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from shared.card import read_card, write_card
from shared.config.places import BUNDLED_MODELS, user_models
from shared.errors.model import DigestMismatch, NoModelFolder, NoSoundModel
from shared.model_folders import Declined, ModelFolders, current_versions, folder_of, read_folders


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one sound model, `good`."""
    add(tmp_path, "good")
    return tmp_path


def add(models: Path, folder: str, name: str = "") -> Path:
    path = models / folder
    path.mkdir()
    (path / "model.pkl").write_text(folder)
    write_card(path, name=name or folder, format="pkl", files=["model.pkl"])
    return path


def names(folders: ModelFolders) -> list[str]:
    return [folder.name for folder in folders.cards]


def test_a_bad_folder_does_not_keep_the_others_from_being_served(models: Path) -> None:
    """A damaged, a truncated, an unreadable and an empty folder each have a reason."""
    (add(models, "damaged") / "model.pkl").write_text("other")
    (add(models, "without") / "model.pkl").unlink()
    (add(models, "cut") / "card.json").write_text('{"name"')
    (models / "empty").mkdir()
    (add(models, "looped") / "card.json").unlink()
    (models / "looped" / "card.json").mkdir()
    found = read_folders(models)
    assert names(found) == ["good"]
    assert found.failed.keys() == {"damaged", "without", "cut", "empty", "looped"}
    assert found.names == {"good", *found.failed}
    assert "is not the file that its card names" in found.failed["damaged"]
    assert "of no file" in found.failed["without"]
    assert "is not a model card" in found.failed["cut"]
    assert "has no card.json" in found.failed["empty"]


def test_a_file_that_may_not_be_read_is_named(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the file system is the reason of its folder alone."""
    folder = add(models, "secret")
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.parent == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found = read_folders(models)
    assert names(found) == ["good"]
    assert found.failed == {"secret": f"{folder / 'card.json'}: Permission denied."}


def test_versions_of_one_name_are_served_side_by_side(models: Path) -> None:
    """New jobs get the version in the folder that is named like the model; else the newest."""
    card = read_card(add(models, "good@former", name="good"))
    cards = read_folders(models).cards
    assert [folder.name for folder in cards] == ["good", "good@former"]
    assert current_versions(cards) == {read_card(models / "good").full_name}
    shutil.rmtree(models / "good")
    older = card.model_copy(update={"created_at": card.created_at - timedelta(days=1)})
    cards = {models / "other": older, **read_folders(models).cards}
    assert current_versions(cards) == {card.full_name}


def test_one_version_in_two_folders_is_one_model(models: Path) -> None:
    """It is served from the folder that is named like the model."""
    for copy in ("a-copy", "good@1", "x"):
        shutil.copytree(models / "good", models / copy)
    found = read_folders(models)
    assert (names(found), found.failed) == (["good"], {})
    shutil.rmtree(models / "good")
    assert names(read_folders(models)) == ["a-copy"]


def test_a_folder_that_is_not_named_like_its_card_is_served(models: Path) -> None:
    """A name of the folder decides nothing while no other folder has the same card's name."""
    add(models, "renamed", name="mine")
    assert names(read_folders(models)) == ["good", "renamed"]


def test_named_folders_only(models: Path) -> None:
    """Only the named folders are read, in the order of the names; a missing one is a bad one."""
    add(models, "also")
    add(models, "unnamed")
    found = read_folders(models, "good, also,missing")
    assert names(found) == ["good", "also"]
    assert found.failed.keys() == {"missing"}
    assert found.names == {"also", "good", "unnamed"}


def test_a_named_model_is_served_in_all_its_versions(models: Path) -> None:
    """A name with a version stands for the folder that is called so."""
    add(models, "also")
    for version in ("1", "2"):
        add(models, f"good@{version}", name="good")
    assert names(read_folders(models, "good")) == ["good", "good@1", "good@2"]
    assert names(read_folders(models, "good@2,good")) == ["good@2", "good", "good@1"]


def test_without_a_sound_model_there_is_nothing_to_serve(tmp_path: Path) -> None:
    """The error is that of the only folder, or names the reasons of all."""
    with pytest.raises(NoModelFolder, match="no model folder in it"):
        read_folders(tmp_path)
    (add(tmp_path, "one") / "model.pkl").write_text("other")
    with pytest.raises(DigestMismatch, match="is not the file that its card names"):
        read_folders(tmp_path)
    (tmp_path / "two").mkdir()
    with pytest.raises(NoSoundModel, match=r"No model in .* card names.* has no card\.json"):
        read_folders(tmp_path)


def test_the_bundled_models_are_served_next_to_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without models of one's own, too; a name that the user has taken is the user's model."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    own = user_models()
    assert own == tmp_path / "scorelane" / "models"
    bundled = sorted(folder.name for folder in BUNDLED_MODELS.iterdir())
    assert names(read_folders(own)) == bundled
    own.mkdir(parents=True)
    for name in ("mine", "fast"):
        add(own, name)
    cards = read_folders(own).cards
    assert {folder.name: folder.parent for folder in cards} == {
        **dict.fromkeys(bundled, BUNDLED_MODELS),
        "mine": own,
        "fast": own,
    }
    assert names(read_folders(own, "mine,deep")) == ["mine", "deep"]
    assert folder_of(own, "deep") == BUNDLED_MODELS / "deep"
    assert folder_of(own, "fast") == own / "fast"


def test_a_folder_that_is_named_is_served_alone(models: Path) -> None:
    """The bundled models are not added to a folder that a setting names."""
    assert names(read_folders(models)) == ["good"]


@pytest.mark.parametrize("home", ["", "relative/data"])
def test_a_user_without_a_data_folder(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that is not absolute is ignored, as the specification wants; without a home it is the
    folder of the bundled models.
    """
    monkeypatch.setenv("XDG_DATA_HOME", home)
    monkeypatch.setenv("HOME", "/home/me")
    assert user_models() == Path("/home/me/.local/share/scorelane/models")

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert user_models() == BUNDLED_MODELS
    assert "fast" in names(read_folders(user_models()))


def test_models_that_another_environment_serves_are_no_error(models: Path) -> None:
    """Only if none is left, there is nothing to serve; the error has the reasons."""
    card = read_card(add(models, "other"))
    found = read_folders(models, declines=lambda one: "it is old" * (one.name == "other"))
    assert (names(found), found.failed) == (["good"], {})
    assert found.declined == {models / "other": Declined(card, "it is old")}
    assert found.names == {"good", "other"}
    with pytest.raises(NoSoundModel, match=rf"{card.full_name}: it is old\."):
        read_folders(models, declines=lambda _: "it is old")
