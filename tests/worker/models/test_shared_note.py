"""A note that processes read while another one writes it, or dies within."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from worker.models.kept_files import KeptFiles
from worker.models.shared_note import SharedNote


@pytest.fixture
def note() -> Iterator[SharedNote]:
    """A note that nobody has written."""
    with closing(SharedNote()) as note:
        yield note


def test_what_was_written_last_is_read(note: SharedNote) -> None:
    """A shorter note leaves nothing of a longer one; at first there is none."""
    assert note.read() is None
    for content in ({"a": "long " * 1000}, {"b": []}):
        note.write(content)
        assert note.read() == content


def test_a_note_whose_writer_died_within_it_is_none(note: SharedNote) -> None:
    """It is not taken for what the writer meant to write."""
    note.write({"versions": ["a@1"]})
    os.pwrite(note.file, b"\x00", 12)
    assert note.read() is None
    note.write({"versions": []})
    assert note.read() == {"versions": []}


@pytest.mark.process
def test_a_note_is_never_read_in_halves(note: SharedNote) -> None:
    """Another process writes all the time; every note that is read is one that it wrote."""
    end = multiprocessing.get_context("fork").Event()

    def write() -> None:
        count = 0
        while not end.is_set():
            count += 1
            note.write([count] * (count % 5000))

    writer = multiprocessing.get_context("fork").Process(target=write)
    writer.start()
    found = [note.read() for _ in range(2000)]
    end.set()
    writer.join()
    assert all(len(set(one)) <= 1 for one in found if one is not None)


@pytest.mark.process
def test_a_process_that_was_forked_before_reads_kept_files(tmp_path: Path) -> None:
    """It has not inherited them, and their folder is gone: it opens them by the main process."""
    folder = tmp_path / "mine"
    here, there = multiprocessing.get_context("fork").Pipe()

    def read() -> None:
        kept = KeptFiles.of_process(folder, there.recv(), os.getppid())
        with closing(kept), kept.copy() as copied:
            there.send((copied / "model.pkl").read_text())

    process = multiprocessing.get_context("fork").Process(target=read)
    process.start()
    folder.mkdir()
    (folder / "model.pkl").write_text("content")
    with closing(KeptFiles(folder)) as kept:
        (folder / "model.pkl").unlink()
        folder.rmdir()
        here.send(kept.descriptors)
        assert here.recv() == "content"
    process.join()
