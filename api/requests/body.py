"""The body of a request, unpacked, as a stream in constant memory."""

import zlib
from collections.abc import Iterator
from itertools import chain
from threading import Lock

from flask import Request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected

from api.process.paced_socket import SlowClient
from api.requests.partial import SentFile
from api.uploads.magic import check_packed
from shared.errors.input import BadChunkedBody, BadInput, BodyCutOff, BodyTooSlow, NotGzip
from shared.errors.service import TooLarge, UnsupportedEncoding

#: The largest chunk of a body that is held in memory.
READ_BYTES = 1024 * 1024

#: What the chunks of all bodies of a process may have together, and the least for one of them. Each
#: is in memory about four times: while it is received, checked, and written.
CHUNKS_BYTES, LEAST_READ_BYTES = 4 * 1024 * 1024, 64 * 1024

#: How many times its length a gzip body may unpack to. Tables of text grow 5 to 20 times; a body
#: that grows 1,000 times is an attempt to fill the disk.
MOST_GROWTH = 200

#: How much of a body is read that a dry run does not look at.
DRAIN_BYTES = 64 * 1024 * 1024

#: How much of a gzip is unpacked in one call. zlib copies what it leaves of its input: with
#: longer inputs, a megabyte of tiny gzip members took seconds.
GZIP_STEP_BYTES = 32 * 1024

#: The least that is passed on of a gzip at once. What looks for a line end or a row looks again at
#: what it holds with each chunk: with chunks of a byte, of many tiny gzip members, a megabyte of a
#: header took minutes.
LEAST_UNPACKED_BYTES = 16 * 1024

_GZIP = b"\x1f\x8b"

#: Where the environment of a request holds its `RawBody`.
_RAW_BODY = "scorelane.raw_body"


class RawBody:
    """The bytes of a request's body as they are received, counted.

    Every read of a body goes through this class: a body that ends too early must never look like
    one that ends. gunicorn gives the same empty read at both ends.
    """

    def __init__(self, request: Request) -> None:
        self._stream = request.stream
        # None for a chunked body, whose end gunicorn checks.
        self._announced = request.content_length
        self._received = 0
        self._error: BadInput | None = None

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes; none at the end of the body.

        Raises:
            shared.errors.input.BodyCutOff: the connection ended before the body did.
            shared.errors.input.BadChunkedBody: the body is not what `Transfer-Encoding: chunked`
                announces.
            shared.errors.input.BodyTooSlow: the client does not keep the least pace.
        """
        if self._error is None:
            try:
                chunk = self._stream.read(size)
            except SlowClient:
                self._error = BodyTooSlow(received=self._progress())
            except (OSError, ClientDisconnected):
                # gunicorn raises an OSError where a chunked body ends too early.
                self._error = self._cut_off()
            except ParseException:
                # Its message quotes what was sent, so it must not be logged.
                self._error = BadChunkedBody()
            else:
                self._received += len(chunk)
                if chunk or self._received >= (self._announced or 0):
                    return chunk
                self._error = self._cut_off()
        # Also at every later read: gunicorn would then give an empty read.
        raise self._error from None

    def _cut_off(self) -> BodyCutOff:
        return BodyCutOff(received=self._progress())

    def _progress(self) -> str:
        announced = "" if self._announced is None else f" of {self._announced:,}"
        return f"{self._received:,}{announced} bytes"


def _raw_body(request: Request) -> RawBody:
    body: RawBody | None = request.environ.get(_RAW_BODY)
    if body is None:
        body = request.environ[_RAW_BODY] = RawBody(request)
    return body


def chunks_of(request: Request, file: SentFile | None = None) -> Iterator[bytes]:
    """Read the body of a request in chunks, unpacked according to its `Content-Encoding`.

    Args:
        request: the request.
        file: counts the bytes of the body; if the body is the beginning of a file, a gzip may be
            cut off. None: the body is no file, or a whole one.

    Raises:
        shared.errors.service.UnsupportedEncoding: the encoding is neither `identity` nor `gzip`,
            which is also called `x-gzip` (RFC 9110, 8.4.1.3).
        shared.errors.input.BodyCutOff: the connection ended before the body did.
        shared.errors.input.BadChunkedBody: the framing of a chunked body is malformed.
        shared.errors.input.NotGzip: the encoding is `gzip`, and the body is not, or is cut off.
        shared.errors.input.Packed: the body is compressed, and its encoding does not say so.
        shared.errors.service.TooLarge: the body grows too much when it is unpacked.
    """
    found, file = request.headers.get("Content-Encoding", ""), file or SentFile()
    encodings = [one for one in map(str.strip, found.lower().split(",")) if one]
    match [one for one in encodings if one != "identity"]:
        case []:
            return uncompressed(file.counted(_read(_raw_body(request))))
        case ["gzip" | "x-gzip"]:
            return _joined(_unpack(file.counted(_read(_raw_body(request))), file))
        case _:
            raise UnsupportedEncoding(found=found[:80])


def unpacked(chunks: Iterator[bytes], file: SentFile) -> Iterator[bytes]:
    """Unpack a file if it begins with the magic bytes of gzip, which no text begins with.

    Args:
        chunks: the file as it was sent.
        file: counts its bytes; a gzip may be cut off where the file is.

    Raises:
        shared.errors.input.NotGzip: the file begins like gzip, and is not, or is cut off.
        shared.errors.input.Packed: the file is compressed in another format.
        shared.errors.service.TooLarge: the file grows too much when it is unpacked.
    """
    head, chunks = b"", file.counted(chunks)
    for chunk in chunks:
        head += chunk
        if len(head) >= len(_GZIP):
            break
    whole = chain([head], chunks)
    yield from _joined(_unpack(whole, file)) if head.startswith(_GZIP) else uncompressed(whole)


def read_rest(request: Request) -> None:
    """Read and discard the rest of the body, up to `DRAIN_BYTES`.

    Raises:
        shared.errors.input.BodyCutOff: the connection ended before the body did.
        shared.errors.input.BadChunkedBody: the framing of a chunked body is malformed.
    """
    left, body = DRAIN_BYTES, _raw_body(request)
    while left > 0 and (chunk := body.read(64 * 1024)):
        left -= len(chunk)


class _Readers:
    """The bodies that are being read in this process: their chunks share `CHUNKS_BYTES`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0

    def add(self, by: int) -> None:
        with self._lock:
            self._count += by

    @property
    def chunk_bytes(self) -> int:
        return min(READ_BYTES, max(LEAST_READ_BYTES, CHUNKS_BYTES // max(self._count, 1)))


_readers = _Readers()


def _read(body: RawBody) -> Iterator[bytes]:
    _readers.add(1)
    try:
        while chunk := body.read(_readers.chunk_bytes):
            yield chunk
    finally:
        _readers.add(-1)


def uncompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass the chunks on, unless they begin as no text and no Parquet file does."""
    first = next(chunks, b"")
    check_packed(first)
    if first:
        yield first
    yield from chunks


def _unpack(packed: Iterator[bytes], file: SentFile) -> Iterator[bytes]:
    gzip, received, unpacked_bytes = _gzip(), 0, 0
    try:
        for step in _steps(packed):
            received, left = received + len(step), step
            while left:
                if gzip.eof:
                    # Padding, as tapes and some programs add, or the next of several gzip files.
                    left = left.lstrip(b"\0")
                    if not left:
                        break
                    gzip = _gzip()
                unpacked = gzip.decompress(left, READ_BYTES)
                left = gzip.unused_data if gzip.eof else gzip.unconsumed_tail
                unpacked_bytes += len(unpacked)
                if unpacked_bytes > MOST_GROWTH * received + READ_BYTES:
                    limit, unit = str(MOST_GROWTH), "times its packed length"
                    advice = "Send it unpacked."
                    what = "content of the gzip"
                    raise TooLarge(what=what, limit=limit, unit=unit, advice=advice)
                if unpacked:
                    yield unpacked
    except zlib.error as error:
        raise NotGzip(reason=str(error)) from None
    if not gzip.eof and not file.is_cut:
        raise NotGzip(reason="it ends too early")


def _joined(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass on the chunks, small ones together; see `LEAST_UNPACKED_BYTES`."""
    held, size = list[bytes](), 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= LEAST_UNPACKED_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _steps(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for begin in range(0, len(chunk), GZIP_STEP_BYTES):
            yield chunk[begin : begin + GZIP_STEP_BYTES]


def _gzip() -> "zlib._Decompress":
    return zlib.decompressobj(16 + zlib.MAX_WBITS)
