"""How long the models may take to load: every time limit of a start follows their files."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from shared.card import Card

#: Seconds for everything but the models' files: the import of TensorFlow takes half a minute on a
#: slow machine, Redis must read its data, and each model is warmed up and measured.
START_SECONDS = 180.0

#: More seconds for each MiB of unpacked files, and for each process, because they may load one
#: after the other. A pipeline of 3 million terms, 104 MiB, takes half a minute on an idle machine.
MIB_SECONDS = 2.0

#: How files begin that joblib has compressed: zlib, gzip, bzip2, xz, lzma, lz4.
_COMPRESSED = (b"\x78", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00\x00", b"\x04\x22\x4d\x18")

#: How much larger such a file is, unpacked; about, as it is unknown.
_UNPACKED = 4


def load_seconds(cards: Mapping[Path, Card], processes: int) -> float:
    """The seconds that the processes of a worker may take to load their models.

    Args:
        cards: the cards of the models, by folder.
        processes: how many processes load them, maybe one after the other.
    """
    sizes = (
        unpacked_bytes([folder / file for file in card.files]) for folder, card in cards.items()
    )
    return seconds_for(sum(sizes), processes)


def seconds_for(size: int, processes: int) -> float:
    """As `load_seconds`, for models whose files have `size` unpacked bytes together."""
    return START_SECONDS + size / 2**20 * MIB_SECONDS * processes


def unpacked_bytes(files: Iterable[Path]) -> int:
    """About how many bytes the files of models have, unpacked.

    A file that is gone counts as nothing: its model was just replaced or removed.
    """
    return sum(map(_unpacked, files))


def _unpacked(path: Path) -> int:
    with suppress(FileNotFoundError), path.open("rb") as file:
        begin = file.read(8)
        return path.stat().st_size * (_UNPACKED if begin.startswith(_COMPRESSED) else 1)
    return 0
