"""Decoding an upload from another charset into UTF-8, as a stream."""

import codecs
from collections.abc import Callable, Iterator

from shared.errors.input import NotText, UnknownCharset

#: The most bytes that are decoded at once. A charset that needs more bytes for one character is
#: given up on.
DECODED_BYTES = 64 * 1024

#: Python codecs that decode bytes to text and are not charsets.
_NO_CHARSETS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}


def is_utf8(charset: str) -> bool:
    """Whether a charset is UTF-8, by any of its names.

    Raises:
        shared.errors.input.UnknownCharset: there is no such charset.
    """
    return _look_up(charset).name in ("utf-8", "utf-8-sig")


def to_utf8(
    chunks: Iterator[bytes], charset: str | None, is_cut: Callable[[], bool] = lambda: False
) -> Iterator[bytes]:
    """Convert text to UTF-8, in constant memory.

    Args:
        chunks: the bytes of the text in that charset.
        charset: any name that Python knows; None: UTF-8. UTF-8 is passed on unchanged.
        is_cut: whether the text goes on after the last chunk, asked at its end: then a character
            may be cut off there.

    Raises:
        shared.errors.input.UnknownCharset: there is no such charset; raised by the call itself,
            not by the first chunk.
        shared.errors.input.NotText: a byte cannot be decoded; the error has its offset in
            `chunks`.
    """
    if charset is None or is_utf8(charset):
        return chunks
    return _transcoded(chunks, _look_up(charset), is_cut)


def _look_up(charset: str) -> codecs.CodecInfo:
    try:
        found = codecs.lookup(charset)
    # `lookup` raises a ValueError for a name with a NUL in it.
    except (LookupError, ValueError):
        raise UnknownCharset(charset=charset[:80]) from None
    if not found._is_text_encoding or found.name.replace("_", "-") in _NO_CHARSETS:
        raise UnknownCharset(charset=charset[:80])
    return found


def _transcoded(
    chunks: Iterator[bytes], codec: codecs.CodecInfo, is_cut: Callable[[], bool]
) -> Iterator[bytes]:
    decoder, offset = codec.incrementaldecoder("strict"), 0
    for piece, final in _pieces(chunks):
        pending = len(decoder.getstate()[0])
        if pending > DECODED_BYTES:
            raise _not_text(codec, offset - pending, piece)
        try:
            yield decoder.decode(piece, final and not is_cut()).encode()
        except UnicodeDecodeError as error:
            at = error.start
            raise _not_text(codec, offset - pending + at, error.object[at : at + 1]) from None
        except UnicodeError:
            # No byte order mark, or half of a surrogate pair (UTF-7, UTF-16).
            raise _not_text(codec, offset - pending, piece) from None
        offset += len(piece)


def _pieces(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    for chunk in chunks:
        for begin in range(0, len(chunk), DECODED_BYTES):
            yield chunk[begin : begin + DECODED_BYTES], False
    yield b"", True


def _not_text(codec: codecs.CodecInfo, offset: int, rest: bytes) -> NotText:
    byte = f"0x{rest[0]:02x}" if rest else "the end"
    return NotText(encoding=codec.name, offset=f"{offset:,}", byte=byte)
