"""What can be submitted, as the body of a request."""

import io
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

#: Bytes read or sent at once.
CHUNK = 1 << 20

#: The media type of a file, by its ending.
MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json"}


@dataclass
class Upload:
    """A body, which is read as it is sent.

    Attributes:
        media_type: what it is.
        content: gives it in runs of bytes, from its beginning at each call.
        packed: whether it is packed with gzip.
        size: its bytes, where that is known beforehand.
        again: whether `content` can be called more than once.
        on_sent: told after each run how many bytes were sent so far.
        begun: whether something of it was sent.
    """

    media_type: str
    content: Callable[[], Iterator[bytes] | AsyncIterator[bytes]]
    packed: bool = False
    size: int | None = None
    again: bool = True
    on_sent: Callable[[int], object] | None = None
    begun: bool = field(default=False, init=False)

    @property
    def headers(self) -> dict[str, str]:
        """Those of a request with this body."""
        headers = {"Content-Type": self.media_type}
        if self.packed:
            headers["Content-Encoding"] = "gzip"
        if self.size is not None:
            # Without it the body goes in chunks, and the service cannot refuse a size beforehand.
            headers["Content-Length"] = str(self.size)
        return headers

    @property
    def repeatable(self) -> bool:
        """Whether it can be sent now, as a whole."""
        return self.again or not self.begun

    def runs(self) -> Iterator[bytes]:
        """The body from its beginning."""
        content, sent = self.content(), 0
        if not isinstance(content, Iterator):
            raise TypeError("An asynchronous iterator can be submitted by AsyncClient only.")
        for run in content:
            sent = self._note(sent, run)
            yield run
            self._tell(sent)

    async def runs_later(self) -> AsyncIterator[bytes]:
        """The body from its beginning, within an event loop."""
        content, sent = self.content(), 0
        async for run in content if isinstance(content, AsyncIterator) else _awaited(content):
            sent = self._note(sent, run)
            yield run
            self._tell(sent)

    def _note(self, sent: int, run: bytes) -> int:
        self.begun = True
        return sent + len(run)

    def _tell(self, sent: int) -> None:
        if self.on_sent:
            self.on_sent(sent)


async def _awaited(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    for run in content:
        yield run


def upload_of(source: Any, media_type: str | None = None) -> Upload:
    """The upload of whatever `Client.submit` takes.

    Args:
        source: see there.
        media_type: what it is; None: by the ending of a path, CSV else.

    Raises:
        OSError: the file cannot be read.
        TypeError: it is nothing that can be submitted.
    """
    match source:
        case str() | Path():
            return _of_path(Path(source), media_type)
        case bytes():
            return Upload(media_type or "text/csv", lambda: iter([source]), size=len(source))
    if hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        return _of_file(source, media_type or "text/csv")
    raise TypeError(
        f"{type(source).__name__} cannot be submitted. Give a path, bytes or a file open for "
        "reading bytes."
    )


def _of_path(path: Path, media_type: str | None) -> Upload:
    packed = path.suffix.lower() == ".gz"
    ending = path.with_suffix("").suffix if packed else path.suffix
    size = None
    if not stat.S_ISFIFO(path.stat().st_mode):
        # Opened now, so that a file that is not ours is found before anything is sent. Not a named
        # pipe, whose writer would not come back.
        with path.open("rb") as file:
            size = _size_left(file)
    return Upload(
        media_type or MEDIA_TYPES.get(ending.lower(), "text/csv"),
        partial(_read_path, path),
        packed=packed,
        size=size,
        # What has no size, such as a named pipe, can be read once.
        again=size is not None,
    )


def _of_file(file: BinaryIO, media_type: str) -> Upload:
    begin = file.tell() if file.seekable() else None

    def content() -> Iterator[bytes]:
        if begin is not None:
            file.seek(begin)
        return _read(file)

    return Upload(media_type, content, size=_size_left(file), again=begin is not None)


def _read_path(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _read(file)


def _read(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def _size_left(file: BinaryIO) -> int | None:
    """Bytes from here to the end of a plain file; None for a pipe and the like."""
    try:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_size - file.tell()
    except OSError:
        pass
    return None
