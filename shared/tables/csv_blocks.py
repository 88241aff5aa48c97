"""Reads the records of a CSV a block at a time: the same as `csv_records` finds, but faster."""

import io
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from operator import itemgetter
from typing import BinaryIO, NamedTuple, Self, TypeVar

from shared.tables.csv_lines import Lines
from shared.tables.csv_records import Record, csv_records

#: A block and what is made of it should fit into the processor's caches: in blocks of 4 MiB a row
#: takes 1.5 times as long. Also, one odd row makes its whole block be read record by record.
BLOCK_BYTES = 64 * 1024

#: How many bytes are read record by record after an ordinary run, at first.
_ODD_BYTES = 1024

_FIRST_BYTE, _LAST_BYTE = itemgetter(slice(0, 1)), itemgetter(slice(-1, None))

Run = TypeVar("Run", bound=Sized)

#: Reads bytes that begin with a record and have no NUL. Takes the bytes, their offset in the
#: upload, the number of the first record, and the delimiter. Returns the number of bytes that are
#: complete records (0: none), and what it made of these; None if they must be read one by one.
Look = Callable[[bytes, int, int, str], tuple[int, Run | None]]


class Block(NamedTuple):
    r"""Complete records, each ended by `\n`, whose quotes are all where RFC 4180 allows them.

    `pieces` is the block split at its quotes: pieces with an even index are outside of quoted
    cells, pieces with an odd index inside of them. A quote within a cell (`""`) makes an empty
    piece.

    `plain` is the block with a NUL in place of each quoted cell, so that every delimiter and line
    break in it ends a cell.
    """

    pieces: list[bytes]
    plain: bytes
    size: int
    offset: int
    row: int


def csv_runs(
    file: BinaryIO,
    *,
    offset: int,
    row: int,
    max_bytes: int,
    delimiter: str,
    look: Look[Run],
    exact: Callable[[Iterator[Record], int], Iterator[Run]],
    may_be_cut: bool = False,
) -> Iterator[Run]:
    """Read the records of a UTF-8 CSV, those of an ordinary block all at once.

    `csv_records` defines what a record is; `look` must find the same records in a block, only
    faster. `csv_records` reads a block that is not ordinary (quotes inside of unquoted cells, a
    NUL, a record near the limit), and `exact` takes its records.

    Args:
        file: the upload, at the beginning of a record.
        offset: the offset of that record in the upload, in bytes.
        row: the number of that record, from 0.
        max_bytes: a longer record has an error.
        delimiter: the ASCII character between cells.
        look: makes a run of a block; the length of a run is its number of records.
        exact: makes runs of records that come one by one; it also takes the number of the first.
        may_be_cut: whether the last record may be cut off, if it is longer than `max_bytes`.

    Yields:
        Runs, in the order of their records.

    Raises:
        shared.errors.input.OpenQuote: a quote is not closed.
    """
    upload = _Upload(file, offset, max_bytes, delimiter, may_be_cut=may_be_cut)
    while upload.read_on():
        found = upload.ordinary_run(look, row)
        runs = iter([found]) if found is not None else exact(upload.records(row), row)
        for run in runs:
            row += len(run)
            yield run


def runs_in(
    content: bytes,
    *,
    offset: int,
    row: int,
    max_bytes: int,
    delimiter: str,
    read: Callable[[int, int], tuple[int, Run]],
    exact: Callable[[Iterator[Record], int], Iterator[Run]],
) -> Iterator[Run]:
    """Read the records of a part of a CSV, which is in memory; its last record may be cut off.

    Yields the same as `csv_runs`.

    Args:
        content: the part.
        offset: the offset of the part in the upload, in bytes.
        row: the number of its first record, from 0.
        max_bytes: a longer record has an error.
        delimiter: the ASCII character between cells.
        read: makes a run of the ordinary records from an offset in `content` on; it also takes the
            number of the first. Returns the offset of the first record that is not ordinary too.
        exact: makes runs of records that come one by one; it also takes the number of the first.
    """
    at, file, size = 0, io.BytesIO(content), _ODD_BYTES
    while at < len(content):
        at, run = read(at, row)
        if len(run):
            row += len(run)
            yield run
            size = _ODD_BYTES
        if at < len(content):
            file.seek(at)
            upload = _Upload(file, offset + at, max_bytes, delimiter, may_be_cut=True)
            upload.read_on(size)
            # To ask again after each record would take longer, if many of them are odd.
            size *= 2
            first = row
            for run in exact(upload.records(row), row):
                row += len(run)
                yield run
            # What follows the last record is blank.
            at = upload.offset - offset if row > first else len(content)


def by_blocks(fast: Callable[[Block], Run | None]) -> Look[Run]:
    """A `Look` that splits bytes into a `Block` for `fast`, which may return None."""

    def look(content: bytes, offset: int, row: int, delimiter: str) -> tuple[int, Run | None]:
        pieces, size = _whole_records(content)
        if not size or not _is_regular(pieces, delimiter.encode()):
            return size, None
        # An empty piece between two quotes stands for a quote within a cell.
        plain = b"\0".join([pieces[0], *filter(None, pieces[2::2])])
        return size, fast(Block(pieces, plain, size, offset, row))

    return look


@dataclass(frozen=True)
class RecordEnds:
    """Where the records of a run end in the upload, in bytes.

    Attributes:
        count: the number of records.
        last: the end of the last record; it means nothing if there is none.
        find: finds the ends of all records, which most runs never need.
    """

    count: int
    last: int
    find: Callable[[], list[int]]

    @classmethod
    def of(cls, ends: list[int]) -> Self:
        """Make it from ends that are known."""
        return cls(len(ends), ends[-1] if ends else 0, lambda: ends)

    def __len__(self) -> int:
        return self.count


def record_ends(block: Block) -> RecordEnds | None:
    """Where the records of a block end; None if `csv_records` must read the block."""
    pieces, plain = block.pieces, block.plain
    if b"\r" in plain and plain.count(b"\r") != plain.count(b"\r\n"):
        # After a stray CR the csv module rejects the line, whatever quotes follow in it.
        return None
    inside = b'"'.join(pieces[1::2])
    if b"\n" in inside:
        pieces = pieces.copy()
        pieces[1::2] = inside.replace(b"\n", b" ").split(b'"')
    lines = io.BytesIO(b'"'.join(pieces)).readlines()
    _, *ends = accumulate(map(len, lines), initial=block.offset)
    # Blank lines are not records.
    return RecordEnds.of(
        [end for end, line in zip(ends, lines, strict=True) if line.strip(b"\r\n")]
    )


def record_cells(block: Block, width: int, delimiter: str = ",") -> list[str] | None:
    """The cells of a block, row after row; None unless each row has `width` cells."""
    pieces, plain, ends = block.pieces, block.plain, delimiter.encode()
    if b"\r" in plain:
        plain = plain.replace(b"\r\n", b"\n")
        if b"\r" in plain:
            return None
    marks = plain.translate(None, _all_but_marks(ends))
    if marks != (ends * (width - 1) + b"\n") * (len(marks) // width):
        return None
    found = plain.replace(b"\n", ends).decode().split(delimiter)
    found.pop()
    if width == 1 and "" in found:
        # A blank line: an empty text would have quotes.
        return None
    if len(pieces) > 1:
        inside = pieces[1:-1]
        inside[1::2] = [b"\0" if piece else b'"' for piece in pieces[2:-1:2]]
        quoted = iter(b"".join(inside).decode().split("\0"))
        found = [next(quoted) if cell == "\0" else cell for cell in found]
    return found


class _Upload:
    """An upload, and the bytes that were read ahead of `offset`."""

    def __init__(
        self, file: BinaryIO, offset: int, max_bytes: int, delimiter: str, *, may_be_cut: bool
    ) -> None:
        self.offset = offset
        self._delimiter = delimiter
        self._file = file
        self._ahead = b""
        self._new = b""
        self._max_bytes = max_bytes
        self._may_be_cut = may_be_cut

    def read_on(self, size: int | None = None) -> bool:
        """Read the next block ahead, of so many bytes; False at the end of the upload."""
        # If a record is longer than a block, double the bytes: so a long record is scanned a few
        # times, and not once for each of its blocks.
        had = len(self._ahead)
        self._new = self._file.read(max(min(size or BLOCK_BYTES, self._max_bytes) - had, had))
        self._ahead += self._new
        return bool(self._ahead)

    def ordinary_run(self, look: Look[Run], row: int) -> Run | None:
        """Make a run of the block at `offset`, and move past it; None if it is not ordinary."""
        size, run = 0, None
        while not size:
            # Left to csv_records: a last record without a line break, one that may be too long, and
            # a NUL (which would stand for a quoted cell).
            if not self._new or len(self._ahead) > self._max_bytes or b"\0" in self._ahead:
                return None
            size, run = look(self._ahead, self.offset, row, self._delimiter)
            if not size:
                self.read_on()
        if run is not None:
            self.offset += size
            self._ahead = self._ahead[size:]
        return run

    def records(self, row: int) -> Iterator[Record]:
        """Read the block at `offset` by `csv_records`, to the end of its last record."""
        end, lines = self.offset + len(self._ahead), Lines(self._file, self._ahead)
        records = csv_records(
            lines,
            offset=self.offset,
            row=row,
            max_bytes=self._max_bytes,
            delimiter=self._delimiter,
            may_be_cut=self._may_be_cut,
        )
        for record in records:
            *_, self.offset = record
            yield record
            if self.offset >= end:
                break
        self._ahead = lines.ahead()


def _whole_records(content: bytes) -> tuple[list[bytes], int]:
    """The complete records at the beginning of `content`, split at quotes, and their length."""
    pieces = content.split(b'"')
    last = (len(pieces) - 1) // 2 * 2
    while last >= 0 and b"\n" not in pieces[last]:
        last -= 2
    if last < 0:
        return [], 0
    end = pieces[last].rindex(b"\n") + 1
    rest = sum(map(len, pieces[last:])) + len(pieces) - 1 - last - end
    pieces[last:] = [pieces[last][:end]]
    return pieces, len(content) - rest


def _is_regular(pieces: list[bytes], delimiter: bytes) -> bool:
    """Whether all quotes enclose whole cells, so that every second piece is inside of one."""
    outside = pieces[::2]
    before = set(map(_LAST_BYTE, outside[:-1]))
    after = set(map(_FIRST_BYTE, outside[1:]))
    return before <= {b"", delimiter, b"\n"} and after <= {b"", delimiter, b"\n", b"\r"}


@lru_cache
def _all_but_marks(delimiter: bytes) -> bytes:
    """All bytes that do not end a cell."""
    return bytes(set(range(256)) - set(delimiter + b"\n"))
