"""Unpacks a tar file of a model folder, while it is received."""

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from shared.errors.input import BadModelArchive
from shared.errors.service import TooLarge

#: The most files of a model.
MOST_FILES = 100

#: The bytes that are copied at a time.
_CHUNK = 2**20

#: How many characters of a name a message quotes.
_QUOTED = 80


class _Chunks:
    """A file of chunks, which `tarfile` reads from its beginning to its end."""

    def __init__(self, chunks: Iterator[bytes], most_bytes: int) -> None:
        self._chunks = chunks
        self._rest = b""
        self._left = self._most = most_bytes

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end.

        Raises:
            shared.errors.service.TooLarge: there are more than `most_bytes`.
        """
        if not self._rest:
            self._rest = next(self._chunks, b"")
            self._left -= len(self._rest)
            if self._left < 0:
                raise _too_large(self._most)
        read, self._rest = self._rest[:size], self._rest[size:]
        return read


def unpack(chunks: Iterator[bytes], folder: Path, most_bytes: int) -> int:
    """Unpack the files of a tar file into a folder.

    They may be in one folder of the tar file (`tar -c mine`). Anything but a plain file is refused:
    links, devices, names that lead elsewhere, and hidden files.

    Args:
        chunks: the tar file, which is not compressed.
        folder: an empty folder.
        most_bytes: the most bytes of the tar file, and of its files together.

    Returns:
        The bytes of its files.

    Raises:
        shared.errors.input.BadModelArchive: it is none, or has something else than files.
        shared.errors.service.TooLarge: it has more than `most_bytes`.
        OSError: the files cannot be written.
    """
    source = cast("IO[bytes]", _Chunks(chunks, most_bytes))
    size, roots = 0, set[str]()
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            for number, member in enumerate(archive):
                if member.isdir():
                    continue
                if number > 2 * MOST_FILES:
                    raise BadModelArchive(reason=f"it has more than {MOST_FILES} files")
                path = _plain_path(member)
                roots.add(str(path.parent))
                size += member.size
                if size > most_bytes:
                    raise _too_large(most_bytes)
                target = folder / path.name
                if target.exists() or len(roots) > 1:
                    raise BadModelArchive(reason="its files are not in one folder")
                _copy(archive, member, target)
    except (tarfile.TarError, UnicodeError, ValueError) as error:
        raise BadModelArchive(reason=f"it cannot be read ({str(error)[:_QUOTED]})") from None
    # What follows the end of the archive is padding; it is read for the next request.
    while source.read(_CHUNK):
        pass
    return size


def _plain_path(member: tarfile.TarInfo) -> PurePosixPath:
    quoted = repr(member.name[:_QUOTED])
    if not member.isreg():
        raise BadModelArchive(reason=f"{quoted} is not a plain file")
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or len(path.parts) > 2 or "\0" in member.name:
        raise BadModelArchive(reason=f"{quoted} does not lie in one folder with the others")
    if not path.name or path.name.startswith("."):
        raise BadModelArchive(reason=f"{quoted} is a hidden file")
    return path


def _copy(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = archive.extractfile(member)
    if source is None:
        raise BadModelArchive(reason=f"{member.name[:_QUOTED]!r} is not a plain file")
    with source, target.open("xb") as copy:
        while chunk := source.read(_CHUNK):
            copy.write(chunk)


def _too_large(most_bytes: int) -> TooLarge:
    advice = "SCORELANE_MAX_MODEL_BYTES raises the limit."
    return TooLarge(what="model", limit=f"{most_bytes:,}", unit="bytes", advice=advice)
