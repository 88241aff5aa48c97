"""What a worker has of models in object storage while these change."""

import logging
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from support.stored_prefix import Make, Prefix, names, put

from shared.card import CARD_FILE, read_card
from worker.models.store_mirror import AGAIN_SECONDS, SETTLED_LISTINGS, StoreMirror
from worker.models.store_watch import StoreWatch

pytest.importorskip("obstore", reason="the extra object-storage")


def test_a_folder_comes_whole_changes_whole_and_goes(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """Each version is here as it is there; unchanged files are fetched once, shared ones never."""
    first = put(prefix, make("one"), "mine")
    assert mirror.sync().failed == {}
    assert read_card(local / "mine") == first
    assert sorted(prefix.fetched) == ["mine/model.pkl", "mine/words.json"]
    assert local.stat().st_mode & 0o777 == 0o700
    mirror.sync()
    put(prefix, make("two"), "mine")
    second = put(prefix, make("two"), "mine@2")
    assert mirror.sync().names == {"mine"}
    assert read_card(local / "mine").version == second.version != first.version
    assert read_card(local / "mine@2") == second
    assert sorted(prefix.fetched) == ["mine/model.pkl", "mine/words.json", "mine@2/model.pkl"]
    prefix.remove("mine")
    mirror.sync()
    assert names(local) == ["mine@2"]


def test_a_new_process_fetches_nothing_again_but_what_is_damaged(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """Workers of one machine, and those that are started again, share what is here."""
    put(prefix, make("one"), "mine")
    mirror.sync()
    prefix.fetched.clear()
    StoreMirror(prefix, local).sync()
    assert prefix.fetched == []
    (local / "mine" / "model.pkl").write_text("eno")
    StoreMirror(prefix, local).sync()
    assert read_card(local / "mine")


def test_a_cache_that_somebody_clears_is_filled_again(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """Wholly or in part; what workers have loaded goes on meanwhile."""
    put(prefix, make("one"), "mine")
    put(prefix, make("two", "other"), "other")
    for gone in (local, local / "mine"):
        mirror.sync()
        shutil.rmtree(gone)
    mirror.sync()
    assert names(local) == ["mine", "other"]


def test_a_half_copied_folder_is_not_here_and_is_reported_only_if_it_stays_so(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """The version before stays: the card is of other files than those in the store."""
    first = put(prefix, make("one"), "mine")
    mirror.sync()
    folder = make("two")
    prefix.write("mine/model.pkl", b"half of it")
    assert mirror.sync().failed == {}
    prefix.write(f"mine/{CARD_FILE}", (folder / CARD_FILE).read_bytes())
    found = [mirror.sync().failed for _ in range(SETTLED_LISTINGS)]
    assert found[:-1] == [{}] * (SETTLED_LISTINGS - 1)
    assert "is not the file that its card names" in found[-1]["mine"]
    assert read_card(local / "mine") == first
    second = put(prefix, folder, "mine")
    assert mirror.sync().failed == {}
    assert read_card(local / "mine") == second


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"model.pkl": b"one"}, "s3://bucket/models/other has no card.json"),
        ({CARD_FILE: b"{}"}, "s3://bucket/models/other/card.json is not a model card"),
    ],
)
def test_what_is_bad_at_the_start_is_reported_at_once(
    prefix: Prefix, mirror: StoreMirror, make: Make, files: dict[str, bytes], reason: str
) -> None:
    """The other folders are here; no file of a bad one is fetched."""
    put(prefix, make("one"), "mine")
    for name, content in files.items():
        prefix.write(f"other/{name}", content)
    found = mirror.sync()
    assert reason in found.failed["other"]
    assert found.names == {"mine", "other"}
    assert not any(name.startswith("other") for name in prefix.fetched)


def test_a_file_that_its_card_names_and_that_is_missing(
    prefix: Prefix, mirror: StoreMirror, make: Make
) -> None:
    """The listing shows it, so nothing is fetched."""
    folder = make("one")
    prefix.write(f"mine/{CARD_FILE}", (folder / CARD_FILE).read_bytes())
    prefix.write("mine/model.pkl", b"one")
    failed = mirror.sync().failed
    assert (
        "mine/words.json is not the file that its card names: its sha256 is of no file"
        in (failed["mine"])
    )
    assert prefix.fetched == []


def test_files_that_the_store_does_not_give_are_fetched_again_later(
    prefix: Prefix, local: Path, make: Make
) -> None:
    """Not at each listing: a large file on a full disk would be fetched for ever."""
    times = [0.0]
    mirror = StoreMirror(prefix, local, now=lambda: times[0])
    put(prefix, make("one"), "mine")
    prefix.refuses = lambda what: what == "mine/model.pkl"
    assert "does not answer" in mirror.sync().failed["mine"]
    prefix.refuses = lambda _what: False
    times[0] = AGAIN_SECONDS - 1
    assert mirror.sync().failed.keys() == {"mine"}
    times[0] = AGAIN_SECONDS
    assert mirror.sync().failed == {}
    assert names(local) == ["mine"]


def test_only_served_folders_are_fetched_and_those_of_other_workers_stay(
    prefix: Prefix, local: Path, make: Make
) -> None:
    """Two workers of a machine share the folder, each with models of its own."""
    put(prefix, make("one"), "mine")
    put(prefix, make("two", "other"), "other@2")
    first, second = StoreMirror(prefix, local, "mine"), StoreMirror(prefix, local, "other")
    first.sync()
    assert names(local) == ["mine"]
    second.sync()
    first.sync()
    assert names(local) == ["mine", "other@2"]


def test_workers_of_one_machine_that_copy_at_the_same_time(
    prefix: Prefix, local: Path, make: Make
) -> None:
    """One fetches, the others find what it has fetched."""
    put(prefix, make("one"), "mine")
    mirrors = [StoreMirror(prefix, local) for _ in range(4)]
    found: list[Any] = []
    threads = [threading.Thread(target=lambda one=one: found.append(one.sync())) for one in mirrors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.failed for one in found] == [{}] * 4
    assert sorted(prefix.fetched) == ["mine/model.pkl", "mine/words.json"]
    assert read_card(local / "mine")


def test_names_that_are_no_model_folders_are_passed_over(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make
) -> None:
    """Notes next to the folders, folders in them, and names that begin with a dot."""
    put(prefix, make("one"), "mine")
    for key in ("README.md", "mine/old/model.pkl", ".building/card.json"):
        prefix.write(key, b"any")
    assert mirror.sync() == ({"mine"}, {})
    assert names(local) == ["mine"]


def test_an_unreachable_store_changes_nothing(
    prefix: Prefix, mirror: StoreMirror, local: Path, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """What is here goes on; the address is named with the reason, and logged once."""
    caplog.set_level(logging.INFO)
    put(prefix, make("one"), "mine")
    watch = StoreWatch(Mirrored(prefix, mirror, local), seconds=1)
    watch.sync()
    prefix.refuses = lambda _what: True
    for _ in range(3):
        watch.sync()
        found = watch.look()
        assert found
        assert [folder.name for folder in found.cards] == ["mine"]
        assert found.failed == {"s3://bucket/models": "the store does not answer."}
    prefix.refuses = lambda _what: False
    watch.sync()
    found = watch.look()
    assert found
    assert (found.failed, found.names) == ({}, {"mine"})
    messages = [record.getMessage() for record in caplog.records]
    assert len([one for one in messages if "cannot be listed" in one]) == 1
    assert len([one for one in messages if "can be listed again" in one]) == 1


class Mirrored:
    """A mirror with its address and folder."""

    def __init__(self, prefix: Prefix, mirror: StoreMirror, folder: Path) -> None:
        self.url = prefix.url
        self.folder = folder
        self.sync = mirror.sync
