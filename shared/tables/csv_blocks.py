"""The records of a CSV, a block at a time: the fast way to what `csv_records` says one by one."""

import io
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, chain
from operator import itemgetter
from typing import BinaryIO, NamedTuple, Self, TypeVar

from shared.tables.csv_records import Record, csv_records

#: What is made of a block should stay in the processor's caches: in blocks of 4 MiB, a row takes
#: half as long again. And a block is what one odd row costs: all of it is read one by one.
BLOCK_BYTES = 64 * 1024

_FIRST_BYTE, _LAST_BYTE = itemgetter(slice(0, 1)), itemgetter(slice(-1, None))

Run = TypeVar("Run", bound=Sized)

#: Looks at bytes that begin with a record and have no NUL: it is given them, where they begin in
#: the upload, the number of the record and the delimiter. It tells how many of the bytes are whole
#: records (0: none is whole), and what it makes of these; None: they are out of the ordinary.
Look = Callable[[bytes, int, int, str], tuple[int, Run | None]]


class Block(NamedTuple):
    r"""Whole records, each ended by `\n`, whose quotes are all where RFC 4180 has them.

    `pieces` is what lies between the quotes: those with an even index outside of quoted cells,
    those with an odd index inside of them. A quote within a cell (`""`) is an empty piece between.

    `plain` is the block with a NUL in the place of each cell in quotes: every delimiter and line
    break that is left ends a cell.
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
) -> Iterator[Run]:
    """Read the records of a UTF-8 CSV, those of an ordinary block all at once.

    What a record is, `csv_records` says; `look` must find the same in a block, only sooner. Where a
    block is out of the ordinary (quotes inside of unquoted cells, a NUL, a record near the limit),
    `csv_records` reads it and `exact` takes its records.

    Args:
        file: at the beginning of a record.
        offset: where in the upload that is, in bytes.
        row: the number of that record, from 0.
        max_bytes: a longer record is an error.
        delimiter: what stands between cells, an ASCII character.
        look: what to make of a block; its length is the number of records.
        exact: the same, of records that come one by one, and of the number of the first.

    Raises:
        shared.errors.input.OpenQuote: a quote is not closed.
        shared.errors.input.RowTooLong: a line is longer than any record may be.
    """
    upload = _Upload(file, offset, max_bytes, delimiter)
    while upload.read_on():
        found = upload.ordinary_run(look, row)
        runs = iter([found]) if found is not None else exact(upload.records(row), row)
        for run in runs:
            row += len(run)
            yield run


def by_blocks(fast: Callable[[Block], Run | None]) -> Look[Run]:
    """Look at a block as its pieces; `fast` returns None where it is out of the ordinary."""

    def look(content: bytes, offset: int, row: int, delimiter: str) -> tuple[int, Run | None]:
        pieces, size = _whole_records(content)
        if not size or not _is_regular(pieces, delimiter.encode()):
            return size, None
        # An empty piece between two quotes is a quote within their cell.
        plain = b"\0".join([pieces[0], *filter(None, pieces[2::2])])
        return size, fast(Block(pieces, plain, size, offset, row))

    return look


@dataclass(frozen=True)
class RecordEnds:
    """Where the records of a run end in the upload, in bytes.

    Attributes:
        count: how many they are.
        last: where the last of them ends; of no meaning where there is none.
        find: says of each where it ends, which most runs are never asked.
    """

    count: int
    last: int
    find: Callable[[], list[int]]

    @classmethod
    def of(cls, ends: list[int]) -> Self:
        """Ends that are known."""
        return cls(len(ends), ends[-1] if ends else 0, lambda: ends)

    def __len__(self) -> int:
        return self.count


def record_ends(block: Block) -> RecordEnds | None:
    """Where the records of a block end; None if `csv_records` must say."""
    pieces, plain = block.pieces, block.plain
    if b"\r" in plain and plain.count(b"\r") != plain.count(b"\r\n"):
        # Behind a stray CR the csv module gives the line up, whatever quotes follow in it.
        return None
    inside = b'"'.join(pieces[1::2])
    if b"\n" in inside:
        pieces = pieces.copy()
        pieces[1::2] = inside.replace(b"\n", b" ").split(b'"')
    lines = io.BytesIO(b'"'.join(pieces)).readlines()
    _, *ends = accumulate(map(len, lines), initial=block.offset)
    # Blank lines are no records.
    return RecordEnds.of(
        [end for end, line in zip(ends, lines, strict=True) if line.strip(b"\r\n")]
    )


def record_cells(block: Block, width: int, delimiter: str = ",") -> list[str] | None:
    """The cells of a block, row after row; None unless each row has `width` of them."""
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
        # A blank line; a text that is empty has quotes.
        return None
    if len(pieces) > 1:
        inside = pieces[1:-1]
        inside[1::2] = [b"\0" if piece else b'"' for piece in pieces[2:-1:2]]
        quoted = iter(b"".join(inside).decode().split("\0"))
        found = [next(quoted) if cell == "\0" else cell for cell in found]
    return found


class _Upload:
    """An upload as it is read, and what was read of it ahead of `offset`."""

    def __init__(self, file: BinaryIO, offset: int, max_bytes: int, delimiter: str) -> None:
        self.offset = offset
        self._delimiter = delimiter
        self._file = file
        self._ahead = b""
        self._fresh = b""
        self._max_bytes = max_bytes

    def read_on(self) -> bool:
        """Read ahead to the next block; false where there is none."""
        # Twice what is there, where a record outgrows a block: so a long one is looked through a
        # few times, not once for each block it takes.
        had = len(self._ahead)
        self._fresh = self._file.read(max(min(BLOCK_BYTES, self._max_bytes) - had, had))
        self._ahead += self._fresh
        return bool(self._ahead)

    def ordinary_run(self, look: Look[Run], row: int) -> Run | None:
        """What is made of the block at `offset`, and goes behind it; None: it is not ordinary."""
        size, run = 0, None
        while not size:
            # For csv_records: a last record that no line break ends, one that may be too long, and
            # a NUL (which stands for a cell in quotes).
            if not self._fresh or len(self._ahead) > self._max_bytes or b"\0" in self._ahead:
                return None
            size, run = look(self._ahead, self.offset, row, self._delimiter)
            if not size:
                self.read_on()
        if run is not None:
            self.offset += size
            self._ahead = self._ahead[size:]
        return run

    def records(self, row: int) -> Iterator[Record]:
        """What `csv_records` finds in the block at `offset`, to the end of its last record."""
        content, self._ahead = self._ahead, b""
        read_line = partial(self._file.readline, self._max_bytes + 1)
        if not content.endswith(b"\n"):
            content += read_line()
        end = self.offset + len(content)
        lines = chain(io.BytesIO(content), iter(read_line, b""))
        records = csv_records(
            lines,
            offset=self.offset,
            row=row,
            max_bytes=self._max_bytes,
            delimiter=self._delimiter,
        )
        for record in records:
            *_, self.offset = record
            yield record
            if self.offset >= end:
                return


def _whole_records(content: bytes) -> tuple[list[bytes], int]:
    """The whole records that `content` begins with, split at their quotes, and their length."""
    pieces = content.split(b'"')
    last = (len(pieces) - 1) // 2 * 2
    while last >= 0 and b"\n" not in pieces[last]:
        last -= 2
    if last < 0:
        return [], 0
    end = pieces[last].rindex(b"\n") + 1
    behind = sum(map(len, pieces[last:])) + len(pieces) - 1 - last - end
    pieces[last:] = [pieces[last][:end]]
    return pieces, len(content) - behind


def _is_regular(pieces: list[bytes], delimiter: bytes) -> bool:
    """Whether quotes enclose whole cells, so that every other piece is inside of them."""
    outside = pieces[::2]
    before = set(map(_LAST_BYTE, outside[:-1]))
    after = set(map(_FIRST_BYTE, outside[1:]))
    return before <= {b"", delimiter, b"\n"} and after <= {b"", delimiter, b"\n", b"\r"}


@lru_cache
def _all_but_marks(delimiter: bytes) -> bytes:
    """Every byte that ends no cell."""
    return bytes(set(range(256)) - set(delimiter + b"\n"))
