"""What every blob store does, in a folder or in object storage (the fixture `store`)."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.storage.blobs import BlobStore
from shared.storage.object_files import HEAD_BYTES, PIECE_BYTES
from shared.storage.sealed import SealedBlobs

#: Lengths at which readers and writers do something else, in bytes.
SIZES = (0, 1, 1000, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 2 * PIECE_BYTES + 17)


def _content(size: int) -> bytes:
    return os.urandom(1000) * (size // 1000) + b"x" * (size % 1000)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_is_read(store: BlobStore, size: int) -> None:
    """Whole or in ranges, by offset or from an open blob; a range ends with the blob."""
    content = _content(size)
    store.put("a/put", content)
    with store.writing("a/written") as file:
        for begin in range(0, size, 700_001):
            file.write(content[begin : begin + 700_001])
    for key in ("a/put", "a/written"):
        assert store.read(key) == content
        assert store.size(key) == size
        last = max(size - 3, 0)
        for begin, length in ((0, 10), (last, 10), (1, -1), (size // 2, 5_000), (size + 1, 4)):
            end = size if length < 0 else begin + length
            assert store.read(key, begin, length) == content[begin:end]
        with store.open(key, size // 3) as file:
            assert file.read() == content[size // 3 :]


def test_an_open_blob_can_be_read_in_any_order(store: BlobStore) -> None:
    """Seeking forth and back gives the bytes of each place."""
    content = _content(3 * HEAD_BYTES + 5)
    store.put("a", content)
    with store.open("a") as file:
        assert file.seek(0, os.SEEK_END) == len(content)
        for begin, length in ((2_500_000, 10), (5, 700_000), (1_000_000, 2_000_000), (0, 3)):
            file.seek(begin)
            assert file.read(length) == content[begin : begin + length]
            assert file.tell() == begin + length


def test_sealed_blobs_read_ranges_of_it(store: BlobStore) -> None:
    """Checksums work on every store."""
    blobs, content = SealedBlobs(store), _content(3 * HEAD_BYTES + 5)
    with blobs.writing("a/one") as file:
        file.write(content)
    blobs.link({"a/one": "b/two"})
    for key in ("a/one", "b/two"):
        assert blobs.size(key) == len(content)
        assert blobs.read(key) == content
        assert blobs.read(key, 1_000_000, 500_000) == content[1_000_000:1_500_000]
        with blobs.open(key, 100) as file:
            assert file.read() == content[100:]


@pytest.mark.parametrize("size", [10, 3 * PIECE_BYTES])
def test_a_blob_that_breaks_off_never_appears(store: BlobStore, size: int) -> None:
    """Neither a new one nor in the place of an older one; nothing is left of it."""
    store.put("jobs/a/old", b"old")
    for key in ("jobs/a/new", "jobs/a/old"):
        with pytest.raises(ValueError, match="broken"):
            _break_off(store, key, size)
    assert not store.exists("jobs/a/new")
    assert store.read("jobs/a/old") == b"old"


def _break_off(store: BlobStore, key: str, size: int) -> None:
    with store.writing(key) as file:
        file.write(b"x" * size)
        assert not store.exists("jobs/a/new")
        raise ValueError("broken")


def test_a_blob_replaces_an_older_one(store: BlobStore) -> None:
    """Also a shorter one."""
    store.put("a", b"a long content")
    store.put("a", b"short")
    assert store.read("a") == b"short"


def test_a_missing_blob_is_not_found(store: BlobStore) -> None:
    """By every method that reads; deleting it is no error."""
    store.put("jobs/a/one", b"one")
    for read in (store.read, store.size, store.open):
        for key in ("jobs/a/two", "jobs/b/one"):
            with pytest.raises(FileNotFoundError):
                read(key)
    assert not store.exists("jobs/a/two")
    store.delete("jobs/a/two")
    store.delete("jobs/b/")
    assert store.exists("jobs/a/one")


def test_a_folder_is_deleted_with_all_that_is_in_it(store: BlobStore) -> None:
    """No other blob is, though its key may begin alike."""
    for key in ("jobs/a/one", "jobs/a/deep/two", "jobs/ab/one", "jobs/a.b/one"):
        store.put(key, b"content")
    store.delete("jobs/a/")
    found = {key for key in ("jobs/a/one", "jobs/a/deep/two") if store.exists(key)}
    assert not found
    assert store.exists("jobs/ab/one")
    assert store.exists("jobs/a.b/one")


def test_more_blobs_than_a_store_lists_at_a_time_are_deleted(store: BlobStore) -> None:
    """S3 lists and deletes 1,000 at a time."""
    store.put("jobs/a/0", b"content")
    store.link({"jobs/a/0": "jobs/a/1"})
    for begin in range(1, 1001, 250):
        numbers = range(begin, begin + 250)
        for number in numbers:
            store.put(f"jobs/a/{number}", b"")
    store.delete("jobs/a/")
    assert not [number for number in (0, 1, 500, 999, 1000) if store.exists(f"jobs/a/{number}")]


def test_folders_are_what_follows_a_key(store: BlobStore) -> None:
    """Each name once, whatever is below it; none for a missing key."""
    assert store.folders("jobs/") == []
    owners = ("of-", "of-a%20b", "of-%2E%2E", "of-%C3%A9")
    for key in ("jobs/a/upload", "jobs/a/results/1", "jobs/b/upload", "other/c"):
        store.put(key, b"content")
    for owner in owners:
        store.put(f"v1/files/{owner}/1/record.json", b"content")
    assert sorted(store.folders("jobs/")) == ["a", "b"]
    assert sorted(store.folders("v1/files/")) == sorted(owners)
    assert store.read("v1/files/of-%2E%2E/1/record.json") == b"content"


def test_a_link_is_a_second_blob(store: BlobStore) -> None:
    """Deleting or replacing one of two keeps the other; a link replaces an older blob."""
    store.put("jobs/a/one", b"one")
    store.put("jobs/a/two", b"two")
    store.put("jobs/b/two", b"older")
    keys = {"jobs/a/one": "jobs/b/deep/one", "jobs/a/two": "jobs/b/two"}
    store.link(keys)
    store.link(keys)
    store.put("jobs/a/one", b"another")
    store.delete("jobs/a/two")
    assert (store.read("jobs/b/deep/one"), store.read("jobs/b/two")) == (b"one", b"two")


def test_a_missing_blob_cannot_be_linked(store: BlobStore) -> None:
    """It raises, and makes no blob."""
    with pytest.raises(FileNotFoundError):
        store.link({"jobs/a/one": "jobs/b/one"})
    assert not store.exists("jobs/b/one")


def test_a_range_of_a_blob_can_be_erased(store: BlobStore) -> None:
    """The rest of the blob stays; a missing blob is no error."""
    store.put("ended/jobs", b"first\nsecond\nthird\n")
    store.blank("ended/jobs", 6, 6)
    store.blank("ended/none", 0, 1)
    assert store.read("ended/jobs") == b"first\n      \nthird\n"


def test_ranges_that_are_erased_at_the_same_time_are_all_erased(store: BlobStore) -> None:
    """Several processes may erase jobs of one segment."""
    store.put("ended/jobs", b"0123456789")
    with ThreadPoolExecutor(4) as threads:
        for erased in [threads.submit(store.blank, "ended/jobs", at, 1) for at in range(4)]:
            erased.result()
    assert store.read("ended/jobs") == b"    456789"


def test_what_was_just_written_is_not_quiet(store: BlobStore) -> None:
    """By the clock of the store; where there is nothing, it has been quiet for ever."""
    store.put("jobs/a/results/1", b"content")
    assert store.quiet_seconds("jobs/a/") < 60
    assert store.quiet_seconds("jobs/none/") > 10**9


def test_a_store_has_one_identity(store: BlobStore) -> None:
    """It stays the same; no two stores have the same."""
    assert store.identity() == store.identity() != ""


def test_a_store_that_nobody_left_anything_in_has_nothing_unfinished(store: BlobStore) -> None:
    """The sweep removes nothing that is visible."""
    store.put("a", b"content")
    assert store.remove_unfinished() == 0
    assert store.read("a") == b"content"
