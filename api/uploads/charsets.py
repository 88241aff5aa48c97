"""Text in another charset, as UTF-8, while it passes by."""

import codecs
from collections.abc import Iterator

from shared.errors.input import NotText, UnknownCharset

#: So much is decoded at once; and a charset that wants to see more for one character is given up.
DECODED_BYTES = 64 * 1024

#: Codecs of Python that make text of bytes, and are no charsets.
_NO_CHARSETS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}


def is_utf8(charset: str) -> bool:
    """Whether a charset is UTF-8 by another name.

    Raises:
        shared.errors.input.UnknownCharset: there is none of this name.
    """
    return _look_up(charset).name in ("utf-8", "utf-8-sig")


def to_utf8(chunks: Iterator[bytes], charset: str | None) -> Iterator[bytes]:
    """The same text in UTF-8, in constant memory.

    Args:
        chunks: text in that charset, in runs of bytes.
        charset: by any name that Python knows; None: UTF-8, which is left as it is.

    Raises:
        shared.errors.input.UnknownCharset: there is none of this name; at once, not at the first
            run.
        shared.errors.input.NotText: a byte cannot be decoded; with the place where it is in
            `chunks`.
    """
    if charset is None or is_utf8(charset):
        return chunks
    return _transcoded(chunks, _look_up(charset))


def _look_up(charset: str) -> codecs.CodecInfo:
    try:
        found = codecs.lookup(charset)
    # A name with a NUL in it is a ValueError.
    except (LookupError, ValueError):
        raise UnknownCharset(charset=charset[:80]) from None
    if not found._is_text_encoding or found.name.replace("_", "-") in _NO_CHARSETS:
        raise UnknownCharset(charset=charset[:80])
    return found


def _transcoded(chunks: Iterator[bytes], codec: codecs.CodecInfo) -> Iterator[bytes]:
    decoder, offset = codec.incrementaldecoder("strict"), 0
    for piece, final in _pieces(chunks):
        pending = len(decoder.getstate()[0])
        if pending > DECODED_BYTES:
            raise _not_text(codec, offset - pending, piece)
        try:
            yield decoder.decode(piece, final).encode()
        except UnicodeDecodeError as error:
            at = error.start
            raise _not_text(codec, offset - pending + at, error.object[at : at + 1]) from None
        except UnicodeError:
            # It has no byte order mark, or half of a character that takes two (UTF-7, UTF-16).
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
