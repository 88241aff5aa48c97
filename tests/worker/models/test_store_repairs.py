"""A folder of copies that other workers and other programs change, too."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.stored_prefix import Make, Prefix, names, put

from shared.card import CARD_FILE, content_of, read_card
from shared.digests import version_of
from shared.stored_models import Files
from worker.models.store_mirror import StoreMirror

if TYPE_CHECKING:
    from obstore import ObjectMeta

pytest.importorskip("obstore", reason="the extra object-storage")


def test_a_worker_with_an_old_listing_removes_nothing_that_came_since(
    prefix: Prefix, local: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker of the machine has fetched a version that was not there when this one listed.

    It serves that version, so the folder stays, and nothing is fetched twice.
    """
    first, second = StoreMirror(prefix, local), StoreMirror(prefix, local)
    put(prefix, make("one"), "mine@1")
    first.sync()
    second.sync()
    old = prefix.folders()
    put(prefix, make("two"), "mine@2")
    second.sync()
    prefix.fetched.clear()
    place = (local / "mine@2").stat()
    with monkeypatch.context() as patch:
        lists, listings = prefix.folders, [old]
        patch.setattr(prefix, "folders", lambda: listings.pop() if listings else lists())
        assert first.sync() == ({"mine"}, {})
    assert names(local) == ["mine@1", "mine@2"]
    assert (local / "mine@2").stat() == place
    assert prefix.fetched == []


def test_a_listing_that_takes_long_keeps_no_other_worker_waiting(
    prefix: Prefix, local: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is free until there is something to change in it."""
    put(prefix, make("one"), "mine")
    slow, other = Prefix(), StoreMirror(prefix, local)
    slow.store = prefix.store
    lists, listed = threading.Event(), threading.Event()

    def folders() -> dict[str, Files]:
        lists.set()
        listed.wait()
        return prefix.folders()

    monkeypatch.setattr(slow, "folders", folders)
    thread = threading.Thread(target=StoreMirror(slow, local).sync, daemon=True)
    thread.start()
    lists.wait()
    assert other.sync().failed == {}
    assert names(local) == ["mine"]
    listed.set()
    thread.join()


def test_a_file_that_is_gone_or_damaged_is_fetched_again(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """Though the store has not changed; the sound files of the folder are not fetched again."""
    card = put(prefix, make("one"), "mine")
    mirror.sync()
    for file in ("model.pkl", "words.json"):
        prefix.fetched.clear()
        (local / "mine" / file).unlink()
        assert mirror.sync().failed == {}
        assert read_card(local / "mine") == card
        assert prefix.fetched == [f"mine/{file}"]
    prefix.fetched.clear()
    (local / "mine" / "model.pkl").write_text("damaged")
    mirror.sync()
    assert read_card(local / "mine") == card
    (local / "mine" / CARD_FILE).write_text("{}")
    mirror.sync()
    assert read_card(local / "mine") == card
    assert prefix.fetched == ["mine/model.pkl"]


def test_a_file_that_is_damaged_in_all_versions_that_share_it(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """It is one file on the disk; it is fetched once, and no version gets the damaged one."""
    cards = {name: put(prefix, make(name), name) for name in ("mine@1", "mine@2")}
    mirror.sync()
    prefix.fetched.clear()
    assert (local / "mine@1" / "words.json").samefile(local / "mine@2" / "words.json")
    (local / "mine@1" / "words.json").write_text("damaged")
    assert mirror.sync().failed == {}
    assert {name: read_card(local / name) for name in cards} == cards
    assert prefix.fetched == ["mine@1/words.json"]


def test_what_another_worker_has_repaired_is_not_fetched(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """Its files are other ones on the disk, and sound; then nothing is read again."""
    put(prefix, make("one"), "mine")
    other = StoreMirror(prefix, local)
    mirror.sync()
    other.sync()
    (local / "mine" / "model.pkl").unlink()
    other.sync()
    prefix.fetched.clear()
    place = (local / "mine").stat()
    for one in (mirror, other, mirror):
        assert one.sync().failed == {}
    assert prefix.fetched == []
    assert (local / "mine").stat() == place


def test_a_card_that_names_itself_changes_no_other_model(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """It names `card.json` as a file of another model, which its folder would share."""
    good = put(prefix, make("one", "good"), "good")
    files = {**good.files, CARD_FILE: good.files["model.pkl"]}
    bad = good.model_copy(update={"name": "z", "files": files, "version": version_of(files, {})})
    prefix.put(make("one"), "z", good)
    prefix.write(f"z/{CARD_FILE}", content_of(bad))
    assert "it names card.json among its files" in mirror.sync().failed["z"]
    assert read_card(local / "good") == good


def test_a_file_is_never_fetched_into_another_one(
    prefix: Prefix, make: Make, tmp_path: Path
) -> None:
    """Where names differ by case alone, two files of a folder may be one, shared by models."""
    put(prefix, make("one"), "mine")
    shared = tmp_path / "shared"
    shared.write_text("of another model")
    (tmp_path / "Model.pkl").hardlink_to(shared)
    with pytest.raises(FileExistsError):
        prefix.fetch("mine", "model.pkl", tmp_path / "Model.pkl")
    assert shared.read_text() == "of another model"


def test_a_file_of_a_store_that_names_no_versions(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the same size is another one if it was written at another time."""
    listing = prefix._blobs.listing

    def without_versions() -> "list[ObjectMeta]":
        return [{**one, "e_tag": None} for one in listing()]

    monkeypatch.setattr(prefix._blobs, "listing", without_versions)
    put(prefix, make("one"), "mine")
    mirror.sync()
    second = put(prefix, make("two"), "mine")
    mirror.sync()
    assert read_card(local / "mine") == second
