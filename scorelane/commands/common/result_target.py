"""Where results are written: a file that appears when it is complete, or a stream."""

import os
import re
import stat
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import click

from scorelane.client.atomic_file import atomic_file
from scorelane.client.client import Client
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.options import STDOUT
from scorelane.commands.common.result_form import Form, compressed, with_tabs

#: Names of file descriptors of this process.
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/(?:fd/(\d+)|(stdin|stdout|stderr))")
_NAMED = {"stdin": 0, "stdout": 1, "stderr": 2}


def target_of(out: Path) -> Path:
    """The same target, as `STDOUT` where it is the stdout of this process under another name.

    Everything else is then printed to stderr, instead of between or over the scores.
    """
    return STDOUT if _descriptor(out) == 1 or _is_stdout(out) else out


def is_stream(out: Path) -> bool:
    """Whether a target is written from its start to its end, and cannot be read: a pipe, a device.

    A file descriptor of this process (`/dev/fd/63`) is one too, whatever it leads to.
    """
    return out == STDOUT or _descriptor(out) is not None or (out.exists() and not out.is_file())


def check_target(out: Path, source: Path | None = None) -> None:
    """Check that results can be written, before any work is done.

    Args:
        out: the target.
        source: the file that is scored, if there is one.

    Raises:
        click.UsageError: it cannot be written, or it is the input.
    """
    if out == STDOUT:
        return
    if source and out.exists() and source.exists() and out.samefile(source):
        raise click.UsageError(f"{out} is the input. Name another file with --out.")
    if is_stream(out):
        if not os.access(out, os.W_OK):
            raise click.UsageError(f"{out} cannot be written to.")
        return
    if not out.resolve().parent.is_dir():
        raise click.UsageError(f"{out.parent} is no folder that can be written to.")
    if out.exists() and not os.access(out, os.W_OK):
        raise click.UsageError(f"{out} cannot be written to.")
    # A name as long as that of the unfinished file: it may be too long, or the disk read-only.
    trial = out.resolve().with_name(f".{out.resolve().name}.{os.getpid()}.part")
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise click.UsageError(f"{out} cannot be written to: {error.strerror}.") from error


def check_terminal(out: Path, form: Form) -> None:
    """Check that nothing binary goes to a terminal.

    Raises:
        click.UsageError: the form is binary, and stdout is a terminal.
    """
    if out == STDOUT and form.is_binary and sys.stdout and sys.stdout.isatty():
        raise click.UsageError("Parquet is binary, and stdout is a terminal. Name a file with -o.")


@contextmanager
def opened(out: Path) -> Iterator[BinaryIO]:
    """Open a target for writing bytes; a regular file appears when the block ends.

    Raises:
        OSError: it cannot be written; the error has its name.
    """
    with named_errors(out):
        if out == STDOUT:
            if sys.stdout is None:
                raise Mistake("stdout is closed. Name a file with -o.")
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        elif (descriptor := _descriptor(out)) is not None:
            # Opened by its name a file would be written from its start, over what it has already.
            with os.fdopen(os.dup(descriptor), "wb") as file:
                yield file
        elif is_stream(out):
            with out.open("wb") as file:
                yield file
        else:
            with atomic_file(out) as file:
                yield file


@contextmanager
def named_errors(out: Path) -> Iterator[None]:
    """Give an error of writing, such as a full disk, the name of the target."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno is None or error.filename:
            raise
        name = "stdout" if out == STDOUT else str(out)
        raise OSError(error.errno, os.strerror(error.errno), name) from error


def write_file(
    client: Client,
    job_id: str,
    out: Path,
    form: Form,
    *,
    partial: bool = False,
    direct: bool = False,
) -> None:
    """Download results to a regular file, which appears when it is complete.

    `partial` and `direct` are options of `Client.save`.

    Raises:
        OSError: the file cannot be written.
    """
    if not (form.tabs or form.gzipped):
        with named_errors(out):
            client.save(job_id, out, form.format, partial=partial, direct=direct)
        return
    with opened(out) as file:
        chunks = client.chunks(job_id, form.format, partial=partial, direct=direct)
        file.writelines(encoded(chunks, form))


def encoded(chunks: Iterable[bytes], form: Form, *, at_once: bool = False) -> Iterable[bytes]:
    """The bytes to write for chunks of the service.

    Args:
        chunks: of the format of the form.
        form: of the file.
        at_once: whether each chunk can be read before the next one comes.
    """
    if form.tabs:
        chunks = with_tabs(chunks)
    return compressed(chunks, at_once=at_once) if form.gzipped else chunks


def terminal_writer(file: BinaryIO, out: Path) -> Callable[[bytes], object]:
    """A function that writes a text; a terminal gets it harmless, files and pipes exactly."""
    if out != STDOUT or not sys.stdout.isatty():
        return file.write
    decode = getincrementaldecoder("utf-8")(errors="replace").decode

    return lambda chunk: file.write(harmless(decode(chunk)).encode())


def _descriptor(out: Path) -> int | None:
    found = _DESCRIPTOR.fullmatch(str(out))
    if found is None:
        return None
    return int(found[1]) if found[1] else _NAMED[found[2]]


def _is_stdout(out: Path) -> bool:
    with suppress(OSError):
        ours, theirs = os.fstat(1), out.stat()
        # Many programs may have the same device open, such as /dev/null.
        return os.path.samestat(ours, theirs) and not stat.S_ISCHR(ours.st_mode)
    return False
