"""The body of a request as it was before it was encoded, in constant memory."""

import zlib
from collections.abc import Iterator
from itertools import chain
from typing import IO

from flask import Request
from werkzeug.exceptions import ClientDisconnected

from shared.errors.input import NotGzip, Packed
from shared.errors.service import TooLarge, UnsupportedEncoding

#: How much of a body is in memory at a time.
READ_BYTES = 1024 * 1024

#: A body may grow so many times when it is unpacked. Tables of text grow five to twenty times; what
#: grows a thousand times was made to fill a disk.
MOST_GROWTH = 200

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


def chunks_of(request: Request) -> Iterator[bytes]:
    """The body, in runs of bytes.

    Raises:
        shared.errors.service.UnsupportedEncoding: it is neither plain nor gzip.
        shared.errors.input.NotGzip: it says that it is gzip, and is not, or not to its end.
        shared.errors.input.Packed: it is packed, and does not say so.
        shared.errors.service.TooLarge: it grows too much.
    """
    match request.headers.get("Content-Encoding", "identity").strip().lower():
        case "identity":
            return _plain(_read(request.stream))
        case "gzip":
            return _unpack(_read(request.stream))
        case found:
            raise UnsupportedEncoding(found=found[:80])


def unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The content of a file: as it is, or unpacked if it begins as gzip does, and no text can.

    Raises:
        shared.errors.input.NotGzip: it only begins so.
        shared.errors.input.Packed: it is packed in another way.
        shared.errors.service.TooLarge: it grows too much.
    """
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(_GZIP):
            break
    whole = chain([head], chunks)
    yield from _unpack(whole) if head.startswith(_GZIP) else _plain(whole)


def _read(stream: IO[bytes]) -> Iterator[bytes]:
    try:
        while chunk := stream.read(READ_BYTES):
            yield chunk
    except OSError as error:
        # So says gunicorn that a chunked body broke off; werkzeug has its own word for it.
        raise ClientDisconnected from error


def _plain(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same, if it does not begin as what is packed does: no text does, and no Parquet."""
    first = next(chunks, b"")
    if first.startswith(_GZIP):
        advice = "Send it with `Content-Encoding: gzip`, or in a form (curl: -F file=@FILE.gz)."
        raise Packed(kind="packed with gzip", advice=advice)
    if first.startswith(_ZIP):
        advice = "Save a sheet as a CSV, and pack it with gzip, if at all."
        raise Packed(kind="a ZIP archive, as an .xlsx is too", advice=advice)
    if first:
        yield first
    yield from chunks


def _unpack(packed: Iterator[bytes]) -> Iterator[bytes]:
    gzip, received, made = _gzip(), 0, 0
    try:
        for chunk in packed:
            received += len(chunk)
            left = chunk
            while left:
                if gzip.eof:
                    # Files that were packed one by one and put behind each other.
                    gzip = _gzip()
                unpacked = gzip.decompress(left, READ_BYTES)
                left = gzip.unused_data if gzip.eof else gzip.unconsumed_tail
                made += len(unpacked)
                if made > MOST_GROWTH * received + READ_BYTES:
                    limit, advice = f"{MOST_GROWTH} times its length", "Send it as it is."
                    raise TooLarge(what="content of the gzip", limit=limit, unit="", advice=advice)
                yield unpacked
    except zlib.error as error:
        raise NotGzip(reason=str(error)) from None
    if not gzip.eof:
        raise NotGzip(reason="it ends too early")


def _gzip() -> "zlib._Decompress":
    return zlib.decompressobj(16 + zlib.MAX_WBITS)
