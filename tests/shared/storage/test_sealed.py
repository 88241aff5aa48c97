"""Blobs with checksums."""

import io
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.doubles.blobs import InMemoryBlobs

from shared.errors.service import DataDamaged
from shared.storage.folder_blobs import FolderBlobs
from shared.storage.seal import BLOCK_BYTES
from shared.storage.sealed import SealedBlobs
from shared.tables.parquet_rows import describe

SIZES = (0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 5)


def _content(size: int) -> bytes:
    return bytes(at * at % 251 for at in range(size))


@pytest.fixture
def blobs(tmp_path: Path) -> SealedBlobs:
    return SealedBlobs(FolderBlobs(tmp_path))


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read(blobs: SealedBlobs, size: int) -> None:
    """A blob that was put and one that was written in chunks give back their content and size."""
    content = _content(size)
    blobs.put("a/put", content)
    with blobs.writing("a/written") as file:
        for at in range(0, size, 50_000):
            file.write(content[at : at + 50_000])
    for key in ("a/put", "a/written"):
        assert (blobs.read(key), blobs.size(key)) == (content, size)
        with blobs.open(key, size // 2) as file:
            assert file.read() == content[size // 2 :]


@given(st.integers(0, 3 * BLOCK_BYTES + 5), st.integers(-1, 3 * BLOCK_BYTES))
def test_any_range_is_read(begin: int, length: int) -> None:
    """A range gives the same bytes as of the content, also where it reaches over its end."""
    blobs, content = _IN_ONE_FOLDER, _CONTENT
    end = len(content) if length < 0 else begin + length
    assert blobs.read("a/one", begin, length) == content[begin:end]


def test_lines_are_read_and_read_again(blobs: SealedBlobs) -> None:
    """An open blob gives lines, and can be read again from the beginning."""
    lines = [b"%d\n" % at for at in range(40_000)]
    blobs.put("a/lines", b"".join(lines))
    with blobs.open("a/lines") as file:
        assert list(file) == lines
        assert file.seek(0) == 0
        assert file.readlines() == lines
        assert file.seek(0, io.SEEK_END) == sum(map(len, lines))


@pytest.mark.parametrize("size", SIZES)
def test_a_blob_that_was_cut_is_never_read(tmp_path: Path, blobs: SealedBlobs, size: int) -> None:
    """Wherever a blob was cut, and if bytes follow it: all that reads it raises."""
    blobs.put("a/one", _content(size))
    path = tmp_path / "a/one"
    whole = path.read_bytes()
    cuts = {0, 1, 8, 9, len(whole) // 2, len(whole) - 9, len(whole) - 1}
    for damaged in [*(whole[:at] for at in cuts if at < len(whole)), whole + b"\n"]:
        path.write_bytes(damaged)
        for read in (blobs.read, blobs.size, blobs.open):
            with pytest.raises(DataDamaged):
                read("a/one")


def test_one_changed_bit_is_found_where_it_is_read(tmp_path: Path, blobs: SealedBlobs) -> None:
    """Ranges in other blocks are read; each that touches the block raises."""
    content = _content(3 * BLOCK_BYTES)
    blobs.put("a/one", content)
    path = tmp_path / "a/one"
    damaged = bytearray(path.read_bytes())
    damaged[8 + BLOCK_BYTES + 17] ^= 1
    path.write_bytes(damaged)
    assert blobs.read("a/one", 0, BLOCK_BYTES) == content[:BLOCK_BYTES]
    assert blobs.read("a/one", 2 * BLOCK_BYTES) == content[2 * BLOCK_BYTES :]
    for begin, length in ((0, -1), (BLOCK_BYTES, 1), (BLOCK_BYTES - 1, 2)):
        with pytest.raises(DataDamaged):
            blobs.read("a/one", begin, length)
    with blobs.open("a/one") as file, pytest.raises(DataDamaged):
        file.read()


def test_a_blob_of_an_older_release_is_read(tmp_path: Path, blobs: SealedBlobs) -> None:
    """It has no checksums, and gives what it holds; an empty file is one that was cut."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/old").write_bytes(b"ref,text\n1,good\n")
    assert (blobs.read("a/old"), blobs.size("a/old")) == (b"ref,text\n1,good\n", 16)
    with blobs.open("a/old", 9) as file:
        assert file.read() == b"1,good\n"
    (tmp_path / "a/old").write_bytes(b"")
    with pytest.raises(DataDamaged):
        blobs.read("a/old")


def test_a_link_has_the_checksums_too(tmp_path: Path, blobs: SealedBlobs) -> None:
    """A second blob of the same content is checked as the first."""
    blobs.put("a/one", b"content")
    blobs.link({"a/one": "b/two"})
    assert blobs.read("b/two") == b"content"
    (tmp_path / "b/two").write_bytes((tmp_path / "b/two").read_bytes()[:-20])
    with pytest.raises(DataDamaged):
        blobs.read("b/two")


def test_a_whole_blob_in_the_place_of_another_is_found(tmp_path: Path, blobs: SealedBlobs) -> None:
    """A blob that was copied over another, of the same folder or another one, is never read."""
    for key in ("a/one", "a/two", "b/one"):
        blobs.put(key, f"content of {key}".encode())
    for other in ("a/two", "b/one"):
        (tmp_path / "a/one").write_bytes((tmp_path / other).read_bytes())
        for read in (blobs.read, blobs.size, blobs.open):
            with pytest.raises(DataDamaged):
                read("a/one")
    assert blobs.read("a/two") == b"content of a/two"


def test_a_link_of_a_link_is_read_after_its_sources_are_gone(
    tmp_path: Path, blobs: SealedBlobs
) -> None:
    """Links are read in several folders and under other names; another blob is not."""
    for name in ("one", "two"):
        blobs.put(f"a/results/{name}", name.encode())
    blobs.put("a/upload", b"rows")
    blobs.link({"a/upload": "a/kept"})
    blobs.delete("a/upload")
    for folder, after in (("a", "b"), ("b", "c")):
        blobs.link(
            {f"{folder}/results/{name}": f"{after}/results/{name}" for name in ("one", "two")}
        )
        blobs.link({f"{folder}/kept": f"{after}/kept"})
        blobs.delete(f"{folder}/")
    assert (blobs.read("c/results/one"), blobs.read("c/results/two")) == (b"one", b"two")
    assert blobs.read("c/kept") == b"rows"
    (tmp_path / "c/results/one").write_bytes((tmp_path / "c/results/two").read_bytes())
    with pytest.raises(DataDamaged):
        blobs.read("c/results/one")


def test_a_source_that_becomes_a_link_meanwhile(tmp_path: Path, blobs: SealedBlobs) -> None:
    """A retry may link the kept upload of a job just when the end of that job makes it a link."""
    blobs.put("jobs/old/upload", b"content")

    class Late(FolderBlobs):
        def link(self, keys: Mapping[str, str]) -> None:
            blobs.link({"jobs/old/upload": "jobs/old/kept/upload"})
            super().link(keys)

    SealedBlobs(Late(tmp_path)).link({"jobs/old/kept/upload": "jobs/new/upload"})
    blobs.delete("jobs/old/")
    assert blobs.read("jobs/new/upload") == b"content"


def test_another_process_reads_a_parquet_file_in_a_blob(blobs: SealedBlobs) -> None:
    """The process that reads Parquet sees the file without the checksums around it."""
    with blobs.writing("a/rows.parquet") as file:
        pq.write_table(pa.table({"text": ["good", "bad"] * 9}), pa.PythonFile(file, mode="w"))
    with blobs.open("a/rows.parquet") as file:
        assert describe(file) == (["text"], 18)


_CONTENT = _content(3 * BLOCK_BYTES + 5)


_IN_ONE_FOLDER = SealedBlobs(InMemoryBlobs())
_IN_ONE_FOLDER.put("a/one", _CONTENT)
