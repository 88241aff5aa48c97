"""What a worker sees of its models folder while that changes."""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.card import Card, write_card
from shared.config.places import user_models
from worker.models import folder_watch
from worker.models.folder_watch import GONE_LOOKS, SETTLED_LOOKS, FolderWatch


def add(models_dir: Path, folder: str, content: str = "", name: str = "") -> Card:
    path = models_dir / folder
    path.mkdir(exist_ok=True)
    (path / "model.pkl").write_text(content or folder)
    return write_card(path, name=name or folder, format="pkl", files=["model.pkl"])


@pytest.fixture
def watch(tmp_path: Path) -> FolderWatch:
    """What watches a folder with one model, `first`; it has looked once."""
    add(tmp_path, "first")
    watch = FolderWatch(tmp_path)
    watch.look()
    return watch


def names(watch: FolderWatch) -> list[str]:
    found = watch.look()
    assert found
    return [folder.name for folder in found.cards]


def test_only_what_has_changed_is_read(
    watch: FolderWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the digests of all models every two seconds would keep a core busy."""
    read: list[str] = []
    whole: Callable[[Path], Card] = folder_watch.read_card

    def counted(folder: Path) -> Card:
        read.append(folder.name)
        return whole(folder)

    monkeypatch.setattr(folder_watch, "read_card", counted)
    assert names(watch) == names(watch) == ["first"]
    add(tmp_path, "second")
    assert names(watch) == names(watch) == ["first", "second"]
    add(tmp_path, "first", "other")
    names(watch)
    assert read == ["second", "first"]


def test_content_that_changes_under_the_same_size_and_time_is_seen(
    watch: FolderWatch, tmp_path: Path
) -> None:
    """A copy that keeps times, as of `rsync --times`, is another file all the same."""
    file = tmp_path / "first" / "model.pkl"
    before, stat = watch.signature(tmp_path / "first"), file.stat()
    file.write_text("tsrif")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    watch.look()
    assert watch.signature(tmp_path / "first") != before


def test_a_folder_that_is_being_copied_is_reported_only_if_it_stays_so(
    watch: FolderWatch, tmp_path: Path
) -> None:
    """Until then it is neither sound nor bad."""
    add(tmp_path, "copied")
    file = tmp_path / "copied" / "model.pkl"
    whole = file.read_text()
    for length in range(SETTLED_LOOKS + 2):
        file.write_text(whole[:length])
        found = watch.look()
        assert found
        assert (list(found.cards), found.failed) == ([tmp_path / "first"], {})
    for _ in range(SETTLED_LOOKS - 1):
        found = watch.look()
    assert found
    assert "is not the file that its card names" in found.failed["copied"]
    file.write_text(whole)
    assert names(watch) == ["copied", "first"]


def test_what_is_bad_at_the_start_is_reported_at_once(tmp_path: Path) -> None:
    """The worker has read it just before, and reported it too."""
    (tmp_path / "empty").mkdir()
    found = FolderWatch(tmp_path, "empty,missing").look()
    assert found
    assert found.failed.keys() == {"empty", "missing"}


@pytest.mark.parametrize("serve", ["", "first"])
def test_a_folder_is_gone_when_it_stays_away(tmp_path: Path, serve: str) -> None:
    """A model that is replaced is missing for a moment, between two renames."""
    add(tmp_path, "first")
    watch, away = FolderWatch(tmp_path, serve), tmp_path / ".away"
    watch.look()
    for _ in range(2):
        (tmp_path / "first").rename(away)
        assert names(watch) == ["first"]
        away.rename(tmp_path / "first")
        assert names(watch) == ["first"]
    shutil.rmtree(tmp_path / "first")
    for _ in range(GONE_LOOKS):
        assert watch.holds(tmp_path / "first")
        watch.look()
    assert not watch.holds(tmp_path / "first")


def test_a_models_folder_that_cannot_be_read_says_nothing(
    watch: FolderWatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, and once more when it is back."""
    home, away = tmp_path, tmp_path.with_name(f"{tmp_path.name}-away")
    with caplog.at_level(logging.INFO):
        home.rename(away)
        assert [watch.look() for _ in range(GONE_LOOKS + 1)] == [None] * (GONE_LOOKS + 1)
        away.rename(home)
        assert names(watch) == ["first"]
    assert caplog.text.count("cannot be read") == 1
    assert caplog.text.count("can be read again") == 1


def test_a_folder_that_fails_hides_no_other(
    watch: FolderWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk in one folder is the reason of that folder alone."""
    add(tmp_path, "second")
    read = Path.iterdir

    def fail(path: Path) -> object:
        if path.name == "first":
            raise OSError(5, "Input/output error", str(path))
        return read(path)

    monkeypatch.setattr(Path, "iterdir", fail)
    assert "second" in names(watch)


def test_a_version_that_was_removed_counts_as_gone(tmp_path: Path) -> None:
    """Its folder stays; it is there again when it is taken into service again."""
    card, removed = add(tmp_path, "first"), set[str]()
    add(tmp_path, "second")
    watch = FolderWatch(tmp_path, removed=lambda: removed)
    assert names(watch) == ["first", "second"]
    removed.add(card.full_name)
    assert names(watch) == ["second"]
    assert not watch.holds(tmp_path / "first")
    removed.clear()
    assert names(watch) == ["first", "second"]
    assert watch.holds(tmp_path / "first")


def test_the_folder_of_a_user_may_appear_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then the bundled models are served; one that was there and is away changes nothing."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    own = user_models()
    watch = FolderWatch(own, "fast,mine")
    assert names(watch) == ["fast"]
    own.mkdir(parents=True)
    add(own, "mine")
    assert sorted(names(watch)) == ["fast", "mine"]
    shutil.rmtree(own)
    assert watch.look() is None
