"""Parts are read ahead from a store over a network; a wrong guess costs a request, no more."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from typing_extensions import override

from shared.errors.service import DataDamaged
from shared.storage.folder_blobs import FolderBlobs
from shared.storage.seal import BLOCK_BYTES
from shared.storage.sealed import SealedBlobs
from shared.tables.base_layout import BlobRange
from worker.steps.read_ahead import MOST_SKIPPED, ReadAhead, StrideGuess

#: The lengths of parts in these tests: large ones take blocks of their own.
LARGE, SMALL = 3 * BLOCK_BYTES, BLOCK_BYTES // 8


class FarBlobs(SealedBlobs):
    """Blobs of which several are best read at a time; it counts ranges, and can hold them back."""

    def __init__(self, folder: Path) -> None:
        super().__init__(FolderBlobs(folder))
        self.at_once = 8
        self.ranges: list[BlobRange] = []
        self.may_read = Event()
        self.may_read.set()
        self.broken = False

    @override
    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        self.ranges.append(BlobRange(key, offset, length))
        assert self.may_read.wait(60)
        if self.broken:
            raise OSError(5, "the store is gone")
        return super().read(key, offset, length)


@pytest.fixture
def far(tmp_path: Path) -> FarBlobs:
    """Blobs far away, with two uploads."""
    blobs = FarBlobs(tmp_path)
    for key in ("a", "b"):
        blobs.put(key, _content(key))
    return blobs


def _content(key: str) -> bytes:
    return key.encode() + bytes(range(256)) * (20 * LARGE // 256) + b"the end"


def _part(number: int, length: int = LARGE, key: str = "a") -> BlobRange:
    return BlobRange(key, 100 + number * length, length)


def _bytes_of(where: BlobRange) -> bytes:
    return _content(where.key)[where.offset : where.offset + where.length]


def _read_parts(
    far: FarBlobs, numbers: Iterator[int] | range | list[int], length: int, processes: int
) -> None:
    """Read parts as a scoring process does, and check their bytes."""
    ahead, guess = ReadAhead(far), StrideGuess()
    for number in numbers:
        where = _part(number, length)
        assert ahead.read(where) == _bytes_of(where)
        following = guess("job", number, processes)
        ahead.expect(lambda following=following: _part(following, length))


def test_the_next_part_is_there_when_it_is_needed(far: FarBlobs) -> None:
    """While a part is scored, the part that comes after those of the other processes is read."""
    _read_parts(far, range(0, 16, 2), LARGE, processes=2)
    # Each part once, and perhaps the one after the last.
    assert len(far.ranges) <= 9


def test_a_part_waits_for_the_range_that_is_being_read(far: FarBlobs) -> None:
    """It is not asked for twice."""
    ahead = ReadAhead(far)
    far.may_read.clear()
    ahead.expect(lambda: _part(2))
    ahead.expect(lambda: pytest.fail("one range at a time is read ahead"))
    far.may_read.set()
    assert ahead.read(_part(2)) == _bytes_of(_part(2))
    assert len(far.ranges) == 1


def test_small_parts_are_neighbours_in_one_request(far: FarBlobs) -> None:
    """The blocks that hold a part are read whole, for their checksums: they serve other parts."""
    _read_parts(far, range(0, 64, 2), SMALL, processes=2)
    # 8 parts in a block; a part at a border takes two.
    assert len(far.ranges) <= 64 // 8 + 2


def test_the_end_of_a_file_ends_a_part(far: FarBlobs) -> None:
    """As it does without reading ahead."""
    ahead, size = ReadAhead(far), len(_content("a"))
    assert ahead.read(BlobRange("a", size - 7, 100)) == b"the end"
    ahead.expect(lambda: BlobRange("a", size - 3, 100))
    assert ahead.read(BlobRange("a", size - 3, 100)) == b"end"
    assert ahead.read(BlobRange("a")) == _content("a")


def test_wrong_guesses_are_given_up(far: FarBlobs) -> None:
    """A wrong guess costs one request; after several of them hardly any part is guessed."""
    ahead, guesses = ReadAhead(far), []
    for number in range(12 * MOST_SKIPPED):
        where = _part(number % 19)
        assert ahead.read(where) == _bytes_of(where)
        ahead.expect(lambda number=number: _part(number % 19, key="b"))
        guesses.append(sum(one.key == "b" for one in far.ranges))
    assert guesses[-1] - guesses[4 * MOST_SKIPPED] <= 8
    assert sum(one.key == "a" for one in far.ranges) == 12 * MOST_SKIPPED


def test_parts_of_several_jobs_in_turn(far: FarBlobs) -> None:
    """What is expected of one job outlasts a part of another."""
    ahead, guess = ReadAhead(far), StrideGuess()
    for number in range(10):
        for key in ("a", "b"):
            where = _part(number, key=key)
            assert ahead.read(where) == _bytes_of(where)
            following = guess(key, number, 1)
            ahead.expect(lambda key=key, following=following: _part(following, key=key))
    assert len(far.ranges) <= 2 * 10 + 2


def test_a_failure_while_reading_ahead_is_not_that_of_a_part(far: FarBlobs) -> None:
    """The part is read again, and raises only if that fails, too."""
    ahead = ReadAhead(far)
    far.broken = True
    ahead.expect(lambda: _part(1))
    with pytest.raises(OSError, match="gone"):
        ahead.read(_part(1))
    ahead.expect(lambda: _part(1))
    far.broken = False
    ahead.expect(lambda: None)
    assert ahead.read(_part(1)) == _bytes_of(_part(1))


def test_damage_is_found_in_what_was_read_ahead(far: FarBlobs, tmp_path: Path) -> None:
    """Checksums are compared as they are without reading ahead; other parts are read."""
    ahead, path = ReadAhead(far), tmp_path / "a"
    content = bytearray(path.read_bytes())
    content[100 + LARGE + LARGE // 2] ^= 1
    path.write_bytes(content)
    ahead.expect(lambda: _part(1))
    with pytest.raises(DataDamaged):
        ahead.read(_part(1))
    assert ahead.read(_part(3)) == _bytes_of(_part(3))


def test_nothing_is_read_ahead_from_a_disk(far: FarBlobs) -> None:
    """There a range costs less than the threads."""
    far.at_once = 1
    _read_parts(far, range(0, 10, 2), LARGE, processes=2)
    assert far.ranges == [_part(number) for number in range(0, 10, 2)]


def test_the_step_from_part_to_part_is_learned() -> None:
    """Another job takes half of the turns: this one's parts follow each other more closely."""
    guess = StrideGuess()
    assert guess("job", 0, 8) == 8
    for number in range(4, 80, 4):
        following = guess("job", number, 8)
    assert following == number + 4
    assert guess("job", 3, 8) > 3, "a part that came back"
