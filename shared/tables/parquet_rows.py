"""What is in a Parquet file, as `parquet_child` reads it in a process of its own."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import IO, Any, BinaryIO, NamedTuple

from shared.errors.input import BadParquet

MAGIC = b"PAR1"

#: What describes all row groups is in memory at once, tenfold. So much is enough for thousands.
MAX_FOOTER_BYTES = 4 * 2**20

#: What reading a file may take. It does not grow with the file, but with its pages and texts.
MAX_MEMORY_BYTES = 768 * 2**20

#: What it may take to read a footer, and one at a time: the API's container has not much.
DESCRIBE_MEMORY_BYTES = 192 * 2**20
_describing = Lock()

#: How the child says that the file cannot be read (and why, on its stderr), or that nobody took
#: the rest of the rows.
UNREADABLE, NOT_WANTED = 2, 3


class ParquetSummary(NamedTuple):
    """What a file says of itself."""

    columns: list[str]
    rows: int


def describe(file: BinaryIO) -> ParquetSummary:
    """The names of the columns of a file, and its number of rows.

    Raises:
        shared.errors.input.BadParquet: it cannot be read.
    """
    _check_ends(file)
    asked = {"do": "describe", "memory": DESCRIBE_MEMORY_BYTES}
    with _describing, _child(file, asked) as output:
        found = output.read()
    about = json.loads(found)
    return ParquetSummary(about["columns"], about["rows"])


@contextmanager
def stored_rows_of(file: BinaryIO, names: tuple[str, ...], skip: int) -> Iterator[IO[bytes]]:
    """The rows of a file as lines, in the form of `stored_rows`, in constant memory.

    Args:
        file: a file that can be sought in.
        names: the columns of the ref, the text, and what is carried through; the values of one that
            is not there are null.
        skip: so many rows are left out at the beginning.

    Raises:
        shared.errors.input.BadParquet: at the block's end: it cannot be read to its end.
    """
    asked = {"do": "rows", "names": names, "skip": skip, "memory": MAX_MEMORY_BYTES}
    with _child(file, asked) as output:
        yield output


def first_rows_of(file: BinaryIO, names: tuple[str, ...], rows: int, size: int) -> bytes:
    """The first rows of a file as lines, in the form of `stored_rows`, and in little memory.

    Fewer than there are, where they have more bytes than asked for, or take too much memory.

    Args:
        file: a file that can be sought in.
        names: as `stored_rows_of` takes them.
        rows: at most so many.
        size: at most so many bytes.

    Raises:
        shared.errors.input.BadParquet: it cannot be read so far.
    """
    asked = {"do": "first", "names": names, "most": rows, "memory": DESCRIBE_MEMORY_BYTES}
    with _describing, _child(file, asked) as output:
        found = output.read(size)
    return found[: found.rfind(b"\n") + 1]


def _check_ends(file: BinaryIO) -> None:
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 8, 0))
    tail = file.read(8)
    if size < 12 or tail[4:] != MAGIC:
        raise BadParquet(reason="it is cut off: it does not end as a Parquet file does")
    if int.from_bytes(tail[:4], "little") > MAX_FOOTER_BYTES:
        limit = f"{MAX_FOOTER_BYTES:,}"
        raise BadParquet(reason=f"its footer has more than {limit} bytes; use larger row groups")


@contextmanager
def _child(file: BinaryIO, asked: dict[str, Any]) -> Iterator[IO[bytes]]:
    command = [sys.executable, "-P", "-m", "shared.tables.parquet_process", json.dumps(asked)]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # Its own pools take address space that the limit on memory would count.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
    with (
        _with_descriptor(file) as stdin,
        subprocess.Popen(  # noqa: S603  a program of ours
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        ) as child,
    ):
        output, errors = child.stdout, child.stderr
        if output is None or errors is None:
            raise RuntimeError("a child without pipes")
        try:
            yield output
        except BaseException:
            # It may wait for somebody to take more rows.
            child.kill()
            raise
        output.close()
        reason, status = errors.read(), child.wait()
    if status == UNREADABLE:
        raise BadParquet(reason=reason.decode(errors="replace"))
    if status not in (0, NOT_WANTED):
        raise BadParquet(reason=f"what reads it was ended by it ({_spelled(status)})")


def _spelled(status: int) -> str:
    return f"status {status}" if status > 0 else signal.Signals(-status).name


@contextmanager
def _with_descriptor(file: BinaryIO) -> Iterator[IO[bytes]]:
    """The same content as a file of the operating system's, which another process can read."""
    try:
        file.fileno()
    except (AttributeError, OSError):
        with tempfile.TemporaryFile() as copy:
            file.seek(0)
            while chunk := file.read(2**20):
                copy.write(chunk)
            copy.flush()
            yield copy
    else:
        yield file
