"""Files that processes of a worker map, as copies that nobody else changes.

A mapped file that is overwritten where it is (`cp new.pkl models/mine/`) changes under the process
that maps it, or ends that process (SIGBUS) while it is shorter. So a worker maps copies in a folder
of its own. All its processes map the same copy, and the page cache holds it once.
"""

import fcntl
import hashlib
import io
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from shared.errors.model import DigestMismatch

logger = logging.getLogger(__name__)

_PREFIX = "scorelane-mapped-"

#: The ending of the name of a folder with what was made of a file.
_DERIVED = "-derived"

#: A folder is looked at only after this many seconds: its worker may not have locked it yet.
_NEW_SECONDS = 600.0

#: The bytes that are copied at a time.
_CHUNK = 2**20

#: The folder of this worker's copies; its processes inherit it. None outside of a worker.
_room: Path | None = None


@contextmanager
def room_for_copies() -> Iterator[None]:
    """Let this process, and those that it forks, map copies in a new folder during this block.

    It also removes the folders of workers that were killed. Without room on the disk each process
    reads the files into its own memory instead.
    """
    global _room  # noqa: PLW0603  forked processes inherit it
    main_process, lock = os.getpid(), None
    try:
        temporary = Path(tempfile.gettempdir())
        _remove_abandoned(temporary)
        _room = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=temporary))
        # Every process that inherits it holds it: the folder is in use until the last one ends.
        lock = os.open(_room, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_SH)
    except OSError as error:
        logger.warning("models are not mapped, as there is no folder for copies: %s", error)
    try:
        yield
    finally:
        if _room is not None and os.getpid() == main_process:
            shutil.rmtree(_room, ignore_errors=True)
        _room = None
        if lock is not None:
            os.close(lock)


def open_copy(path: Path, digest: str) -> BinaryIO:
    """Open a file of the disk that has the content of `path`, and that nobody changes.

    Outside of `room_for_copies`, or without room on the disk, it is a file in memory.

    Args:
        path: the file.
        digest: the sha256 that its content must have, in hex.

    Raises:
        shared.errors.model.DigestMismatch: it has another content.
        OSError: it cannot be read.
    """
    if _room is not None:
        copy = _room / digest
        try:
            if not copy.exists():
                _copy(path, copy, digest)
            return copy.open("rb")
        except OSError as error:
            logger.warning("%s is read into memory, it cannot be copied: %s", path, error)
    content = path.read_bytes()
    _check(path, hashlib.sha256(content).hexdigest(), digest)
    return io.BytesIO(content)


def derived_folder(digest: str, make: Callable[[Path], None]) -> Path | None:
    """A folder with what was made of a file, once for all processes of a worker.

    Args:
        digest: the sha256 of the file, in hex.
        make: fills a new folder. If it raises, there is none.

    Returns:
        The folder; None outside of `room_for_copies`.

    Raises:
        OSError: there is no room on the disk.
        Exception: whatever `make` raises.
    """
    if _room is None:
        return None
    folder = _room / f"{digest}{_DERIVED}"
    if not folder.exists():
        made = Path(tempfile.mkdtemp(dir=_room))
        try:
            make(made)
            with suppress(OSError):  # another process was faster
                made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder


def remove_copy(digest: str) -> None:
    """Remove the copy of a file with this content, and what was made of it.

    Processes that map them keep them.
    """
    if _room is not None:
        with suppress(OSError):
            (_room / digest).unlink()
        shutil.rmtree(_room / f"{digest}{_DERIVED}", ignore_errors=True)


def _copy(path: Path, copy: Path, digest: str) -> None:
    found = hashlib.sha256()
    # Under another name first: two processes may copy the same file at the same time.
    handle, name = tempfile.mkstemp(dir=copy.parent)
    try:
        with path.open("rb") as source, os.fdopen(handle, "wb") as target:
            while chunk := source.read(_CHUNK):
                found.update(chunk)
                target.write(chunk)
        _check(path, found.hexdigest(), digest)
        # Not a rename, which would replace the copy of a process that was faster: both would then
        # map a copy of their own.
        with suppress(FileExistsError):
            copy.hardlink_to(name)
    finally:
        Path(name).unlink()


def _check(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise DigestMismatch(path=path, found=found, expected=expected)


def _remove_abandoned(temporary: Path) -> None:
    """Remove the folders of workers that have ended without removing them."""
    for folder in temporary.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            found = folder.stat()
            if found.st_uid != os.getuid() or time.time() - found.st_mtime < _NEW_SECONDS:
                continue
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(lock)
