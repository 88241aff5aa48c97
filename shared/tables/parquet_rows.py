"""Reads a Parquet file by way of a separate process; see `parquet_process`."""

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
from shared.signature import ColumnType

MAGIC = b"PAR1"

#: The largest footer. It describes all row groups, and takes ten times its size in memory. This
#: size is enough for thousands of row groups.
MAX_FOOTER_BYTES = 4 * 2**20

#: The memory for reading rows. The need grows with the pages and texts of a file, not with its
#: size.
MAX_MEMORY_BYTES = 768 * 2**20

#: The memory for reading a footer, of one file at a time: the container of the API is small.
DESCRIBE_MEMORY_BYTES = 192 * 2**20
_describing = Lock()

#: How many times its size a file may take once its rows are stored; ordinary files take 2 to 50
#: times. A file of a kilobyte can hold the same text a billion times, and would fill the disk.
MAX_EXPANSION = 1000

#: What any file may take, in bytes, so that a small test file with equal texts is no problem.
ALWAYS_ALLOWED_BYTES = 64 * 2**20

#: The fewest bytes of a stored row: a line with an empty ref and an empty text.
LEAST_ROW_BYTES = 8

#: Exit statuses of the process: the file cannot be read (the reason is on stderr), or the reader
#: did not take all rows.
UNREADABLE, NOT_WANTED = 2, 3


class ParquetSummary(NamedTuple):
    """The columns and the number of rows of a file."""

    columns: list[str]
    rows: int


def max_stored_bytes(size: int) -> int:
    """The most bytes that the stored rows of a file of `size` bytes may take."""
    return max(ALWAYS_ALLOWED_BYTES, MAX_EXPANSION * size)


def describe(file: BinaryIO) -> ParquetSummary:
    """Read the names of the columns of a file, and its number of rows.

    Raises:
        shared.errors.input.BadParquet: it cannot be read.
    """
    _check_ends(file)
    request = {"do": "describe", "memory": DESCRIBE_MEMORY_BYTES}
    with _describing, _process(file, request) as output:
        found = output.read()
    summary = json.loads(found)
    return ParquetSummary(summary["columns"], summary["rows"])


@contextmanager
def stored_rows_of(
    file: BinaryIO, names: tuple[str, ...], types: tuple[ColumnType, ...], skip: int
) -> Iterator[IO[bytes]]:
    """Read the rows of a file as lines in the form of `stored_rows`, in constant memory.

    Args:
        file: a seekable file.
        names: the columns of the ref, the inputs, and those that are carried through. A column that
            the file does not have is null.
        types: the types of the inputs.
        skip: the number of rows to leave out at the beginning.

    Raises:
        shared.errors.input.BadParquet: when the block ends: the file cannot be read to its end.
    """
    request: dict[str, Any] = {"do": "rows", "names": names, "types": types, "skip": skip}
    request["memory"] = MAX_MEMORY_BYTES
    with _process(file, request) as output:
        yield output


def first_rows_of(
    file: BinaryIO, names: tuple[str, ...], types: tuple[ColumnType, ...], rows: int, size: int
) -> bytes:
    """Read the first rows of a file as lines in the form of `stored_rows`, in little memory.

    Returns fewer rows if they take more than `size` bytes, or too much memory.

    Args:
        file: a seekable file.
        names: the columns, as `stored_rows_of` takes them.
        types: the types of the inputs.
        rows: the most rows.
        size: the most bytes.

    Raises:
        shared.errors.input.BadParquet: the file cannot be read.
    """
    request: dict[str, Any] = {"do": "first", "names": names, "types": types, "most": rows}
    request["memory"] = DESCRIBE_MEMORY_BYTES
    with _describing, _process(file, request) as output:
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
def _process(file: BinaryIO, request: dict[str, Any]) -> Iterator[IO[bytes]]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # The default pools reserve address space, which the memory limit would count.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
    program = [sys.executable, "-P", "-m", "shared.tables.parquet_process"]
    size = file.seek(0, io.SEEK_END)
    with (
        _with_descriptor(file) as (stdin, begin),
        subprocess.Popen(  # noqa: S603  our own program
            [*program, json.dumps(request | {"begin": begin, "size": size})],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        ) as child,
    ):
        output, errors = child.stdout, child.stderr
        if output is None or errors is None:
            raise RuntimeError("a process without pipes")
        try:
            yield output
        except BaseException:
            # Otherwise it would wait for ever for a reader of its rows.
            child.kill()
            raise
        output.close()
        reason, status = errors.read(), child.wait()
    if status == UNREADABLE:
        raise BadParquet(reason=reason.decode(errors="replace"))
    if status not in (0, NOT_WANTED):
        raise BadParquet(reason=f"the process that reads it has crashed ({_status_text(status)})")


def _status_text(status: int) -> str:
    return f"status {status}" if status > 0 else signal.Signals(-status).name


@contextmanager
def _with_descriptor(file: BinaryIO) -> Iterator[tuple[IO[bytes], int]]:
    """The content in a file with a descriptor, which another process can read.

    Yields:
        The file, and where the content begins in it, in bytes.
    """
    try:
        file.fileno()
    except (AttributeError, OSError):
        with tempfile.TemporaryFile() as copy:
            file.seek(0)
            while chunk := file.read(2**20):
                copy.write(chunk)
            copy.flush()
            yield copy, 0
    else:
        # A blob with checksums: `shared.storage.sealed.SealedReader`.
        yield file, getattr(getattr(file, "raw", None), "begin", 0)
