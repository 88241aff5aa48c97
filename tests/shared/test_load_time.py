"""The time limits of a start follow the models' files."""

from pathlib import Path

import joblib
import pytest

from shared.card import write_card
from shared.load_time import MIB_SECONDS, START_SECONDS, load_seconds, unpacked_bytes
from shared.model_folders import read_folders


def test_large_models_get_more_time(tmp_path: Path) -> None:
    """The time grows with the files of all models, and with the processes that may take turns."""
    for name in ("big", "bigger"):
        folder = tmp_path / name
        folder.mkdir()
        with (folder / "model.pkl").open("wb") as file:
            file.truncate(2**20 if name == "big" else 3 * 2**20)
        write_card(folder, name=name, format="pkl", files=["model.pkl"])
    cards = read_folders(tmp_path).cards
    assert load_seconds({}, 2) == START_SECONDS
    assert load_seconds(cards, 1) == START_SECONDS + 4 * MIB_SECONDS
    assert load_seconds(cards, 3) == START_SECONDS + 12 * MIB_SECONDS


@pytest.mark.parametrize("way", ["zlib", "gzip", "bz2", "xz", "lzma"])
def test_a_compressed_file_counts_as_unpacked(tmp_path: Path, way: str) -> None:
    """What it takes to load depends on what is in it, not on how it is stored."""
    packed, plain = tmp_path / "packed", tmp_path / "plain"
    joblib.dump(list(range(10_000)), packed, compress=(way, 1))
    joblib.dump(list(range(10_000)), plain)
    assert unpacked_bytes([packed]) > packed.stat().st_size
    assert unpacked_bytes([plain, plain]) == 2 * plain.stat().st_size
