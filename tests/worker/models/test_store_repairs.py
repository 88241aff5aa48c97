"""A folder of copies that other workers and other programs change, too."""

import threading
from pathlib import Path

import pytest
from support.stored_prefix import Make, Prefix, names, put

from shared.stored_models import Files
from worker.models.store_mirror import StoreMirror

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
