"""Text in any charset is converted to UTF-8, however it is cut into chunks."""

import codecs
import encodings
import pkgutil
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.uploads.charsets import DECODED_BYTES, to_utf8
from shared.errors.input import NotText, UnknownCharset

#: Every codec of Python; those in `NO_CHARSETS` are not charsets.
NAMES = sorted(module.name for module in pkgutil.iter_modules(encodings.__path__))
NO_CHARSETS = [
    "aliases", "base64_codec", "bz2_codec", "hex_codec", "idna", "mbcs", "oem", "punycode",
    "quopri_codec", "raw_unicode_escape", "rot_13", "undefined", "unicode_escape", "uu_codec",
    "zlib_codec",
]  # fmt: skip
CHARSETS = [name for name in NAMES if name not in NO_CHARSETS]


#: Without the control characters that switch alphabets in some charsets: they cannot be encoded.
TYPED = st.characters(exclude_characters="\x0e\x0f\x1b")


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return iter([content[at : at + size] for at in range(0, len(content), size)])


@given(st.sampled_from(CHARSETS), st.text(TYPED, max_size=50), st.integers(1, 9))
def test_text_becomes_utf_8(charset: str, text: str, size: int) -> None:
    """Every character of the charset, also one that is cut in two."""
    content = text.encode(charset, "ignore")
    # A mark at the beginning of a text stands for its encoding.
    expected = content.decode(charset).removeprefix("\ufeff")
    found = b"".join(to_utf8(pieces(content, size), charset)).decode()
    assert found.removeprefix("\ufeff") == expected


@given(st.sampled_from(CHARSETS), st.binary(max_size=60), st.integers(1, 9))
def test_any_bytes_are_decoded_or_named(charset: str, content: bytes, size: int) -> None:
    """An error has the offset that Python gives for the whole text."""
    if codecs.lookup(charset).name in ("utf-8", "utf-8-sig"):
        return
    try:
        expected: object = content.decode(charset).encode()
    except UnicodeDecodeError as error:
        expected = f"{error.start:,}"
    except UnicodeError:
        expected = None
    found, named = outcome(to_utf8(pieces(content, size), charset))
    assert named in (None, codecs.lookup(charset).name)
    if isinstance(expected, bytes):
        # Whole, a text without its mark is guessed to be of this machine's order.
        assert found == expected or charset in ("utf_16", "utf_32")
    elif isinstance(expected, str) and charset not in STATEFUL:
        assert found == expected


def outcome(text: Iterator[bytes]) -> tuple[object, str | None]:
    """Return the whole text and None, or the offset of the bad byte and the encoding."""
    try:
        return b"".join(text), None
    except NotText as error:
        return error.fields["offset"], error.fields["encoding"]


#: Charsets whose incremental decoder reports another offset than the decoder of whole texts.
STATEFUL = {"hz", "utf_7", "utf_16", "utf_32"}


def test_the_offset_of_a_bad_byte() -> None:
    """It counts the bytes from the beginning of the upload, before the conversion."""
    content = "text\n\u20ac\n".encode("cp1252") * 100_000 + b"\x81"
    with pytest.raises(NotText, match=f"not cp1252: byte {len(content) - 1:,} \\(0x81\\)"):
        list(to_utf8(pieces(content, 70_001), "windows-1252"))


def test_utf_16_without_a_byte_order_mark() -> None:
    """It is refused, as the byte order is not guessed; a charset that names the order is read."""
    content = "text\n".encode("utf-16-le")
    with pytest.raises(NotText, match="not utf-16: byte 0"):
        list(to_utf8(iter([content]), "utf-16"))
    assert b"".join(to_utf8(iter([content]), "utf-16-le")) == b"text\n"


def test_half_a_surrogate_pair() -> None:
    """UTF-7 can encode one; UTF-8 cannot."""
    with pytest.raises(NotText, match="utf-7"):
        list(to_utf8(iter([b"+2AA-"]), "utf-7"))


def test_an_endless_unit_is_refused() -> None:
    """A charset may have units of any length: the service does not hold a whole upload for one."""
    with pytest.raises(NotText, match="utf-7"):
        list(to_utf8(iter([b"+" + b"AGEAYQBh" * DECODED_BYTES]), "utf-7"))


@pytest.mark.parametrize("charset", [*NO_CHARSETS, "nope", "", "a\0b", "x" * 1000])
def test_unknown_charsets(charset: str) -> None:
    """They are refused before the first byte is read."""
    with pytest.raises(UnknownCharset, match="is not known"):
        to_utf8(iter([]), charset)


def test_utf_8_is_left_as_it_is() -> None:
    """By any of its names, and without a name."""
    chunks = iter([b"as it is"])
    for name in (None, "utf-8", "UTF8", "utf_8_sig"):
        assert to_utf8(chunks, name) is chunks
