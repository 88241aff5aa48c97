"""Reads stdin as the file of an upload: a compressed stream is unpacked on its way."""

import errno
import gzip
import io
import zlib
from typing import BinaryIO

from typing_extensions import override

#: How gzip begins. No text and no Parquet does.
_MAGIC = b"\x1f\x8b"


def unzipped(stream: BinaryIO) -> BinaryIO:
    """The stream, unpacked if it is compressed: no name says so, as the ending of a file would."""
    if isinstance(stream, io.BufferedReader) and stream.peek(2)[:2] == _MAGIC:
        return _Unzipped(stream)  # type: ignore[return-value]  # the client only reads from it
    return stream


class _Unzipped(io.RawIOBase):
    """The content of a gzip stream. It has no descriptor, whose size would be another one."""

    def __init__(self, stream: BinaryIO) -> None:
        self._content = gzip.GzipFile(fileobj=stream)

    @override
    def readable(self) -> bool:
        return True

    @override
    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._content.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise OSError(
                errno.EIO, f"the gzip data is cut or damaged ({error})", "stdin"
            ) from error
