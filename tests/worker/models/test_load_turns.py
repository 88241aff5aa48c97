"""Processes load their models in turn where memory is short."""

import logging
import os
import shutil
from pathlib import Path

import pytest

from scoring.words import stored_tables
from shared.card import write_card
from shared.config.places import BUNDLED_MODELS
from shared.mapped_file import MAPPED_FILE
from shared.model_folders import read_folders
from worker.models import load_turns
from worker.models.load_turns import LIBRARY_BYTES, LOAD_FACTOR, LoadTurns, load_bytes


def test_what_loading_takes(tmp_path: Path) -> None:
    """The largest model counts by its peak, the others by half of theirs."""
    for name, size in (("a", 1000), ("b", 3000), ("c", 200)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.pkl").write_bytes(b"\x80" * size)
        write_card(tmp_path / name, name=name, format="pkl", files=["model.pkl"])
    cards = read_folders(tmp_path).cards
    assert load_bytes(cards) == LIBRARY_BYTES + LOAD_FACTOR * (3000 + 600)
    assert load_bytes({}) == LIBRARY_BYTES


@pytest.mark.skipif(not stored_tables.STORES, reason="nothing was compiled")
def test_a_mapped_model_takes_its_file_alone(tmp_path: Path) -> None:
    """A mapped model is not built in memory, so it needs no turn for many times its size."""
    shutil.copytree(BUNDLED_MODELS / "fast", tmp_path / "fast")
    cards = read_folders(tmp_path).cards
    mapped = (tmp_path / "fast" / MAPPED_FILE).stat().st_size
    assert load_bytes(cards) - LIBRARY_BYTES == pytest.approx(mapped, abs=LOAD_FACTOR)


def in_child(turns: LoadTurns, needed: int, ready: int, order: int, *, dies: bool) -> int:
    """Fork a process that takes a turn; it ends in the turn if it `dies`."""
    if pid := os.fork():
        return pid
    os.write(ready, b".")
    with turns.turn(needed, 2):
        os.write(order, b"child ")
        if dies:
            os._exit(1)
    os._exit(0)


@pytest.mark.process
@pytest.mark.parametrize(
    ("needed", "expected"), [(60, b"parent child child "), (50, b"child child parent ")]
)
def test_they_wait_only_if_memory_is_short(
    monkeypatch: pytest.MonkeyPatch, needed: int, expected: bytes
) -> None:
    """Where there is not enough for all, one loads at a time; one that dies holds up no other."""
    monkeypatch.setattr(load_turns, "available_bytes", lambda: 100)
    turns, (reads_ready, ready), (reads_order, order) = LoadTurns(), os.pipe(), os.pipe()
    with turns.turn(needed, 2):
        children = [in_child(turns, needed, ready, order, dies=dies) for dies in (True, False)]
        for _ in children:
            assert os.read(reads_ready, 1) == b"."
        if needed * 2 <= 100:
            for child in children:
                os.waitpid(child, 0)
        os.write(order, b"parent ")
    if needed * 2 > 100:
        for child in children:
            os.waitpid(child, 0)
    assert os.read(reads_order, 100) == expected
    for one in (reads_ready, ready, reads_order, order):
        os.close(one)


def test_too_little_memory_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If there is too little even for one process, the log names what would take less."""
    monkeypatch.setattr(load_turns, "available_bytes", lambda: 100 * 2**20)
    with caplog.at_level(logging.INFO), LoadTurns().turn(200 * 2**20, 1):
        pass
    assert "200 MiB" in caplog.text
    assert "SCORELANE_PROCESSES" in caplog.text
