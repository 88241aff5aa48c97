"""Recognising files that are not text, by the bytes that they begin with."""

import re
from collections.abc import Iterator

from shared.errors.input import Packed

#: How many bytes tell what a file is.
MAGIC_BYTES = 512

_UNPACK = "Unpack it, and send the file in it, packed with gzip if at all."
_AS_CSV = "Save the table as a CSV, and send that."
_CONVERT = "Save it as Parquet or CSV, and send that."
_GZIP_ADVICE = "Send it with `Content-Encoding: gzip`, or in a form (curl: -F file=@FILE.gz)."
_SHEET_ADVICE = "In Excel, save the sheet as CSV UTF-8, and send that. Unpack any other archive."
_PICTURE_ADVICE = "Send a table or texts, such as a CSV."
_PARQUET_ADVICE = (
    "Send it as application/vnd.apache.parquet, or in a form with a name that ends in .parquet."
)

#: The bytes, what such a file is, and what to do.
_BINARY = (
    (b"\x1f\x8b", "packed with gzip, but the request does not say so", _GZIP_ADVICE),
    (b"PK\x03\x04", "an Excel workbook (.xlsx) or a ZIP archive", _SHEET_ADVICE),
    (b"PK\x05\x06", "an empty ZIP archive", _UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file, such as .xls", _AS_CSV),
    (b"\xfd7zXZ\0", "packed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", _UNPACK),
    (b"\x04\x22\x4d\x18", "packed with lz4", _UNPACK),
    (b"\x1f\x9d", "packed with compress (.Z)", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)", _PICTURE_ADVICE),
    (b"\xff\xd8\xff", "a picture (JPEG)", _PICTURE_ADVICE),
    (b"Obj\x01", "an Avro file", _AS_CSV),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _AS_CSV),
    (b"SQLite format 3\0", "an SQLite database", _AS_CSV),
    (b"ARROW1\0\0", "an Arrow or Feather file", _CONVERT),
    (b"\xff\xff\xff\xff\x10\x00\x00\x00", "an Arrow stream", _CONVERT),
)

#: Formats whose first bytes are letters, with which a text may begin too: more of them is checked.
_LETTERS = (
    (re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), "packed with bzip2", _UNPACK),
    (
        re.compile(rb"PAR1(?=[\s\S]*[\0-\x08\x0e-\x1f])"),
        "a Parquet file, but the request does not say so",
        _PARQUET_ADVICE,
    ),
    (re.compile(rb"PARE(?=[\s\S]*[\0-\x08\x0e-\x1f])"), "an encrypted Parquet file", _AS_CSV),
    (re.compile(rb"ORC(?=[\s\S]*[\0-\x08\x0e-\x1f])"), "an ORC file", _CONVERT),
    (re.compile(rb"FEA1(?=[\s\S]*[\0-\x08\x0e-\x1f])"), "a Feather file", _CONVERT),
    (re.compile(rb"%PDF-\d"), "a PDF", _AS_CSV),
    (re.compile(rb"GIF8[79]a(?=[\s\S]*[\0-\x08\x0e-\x1f])"), "a picture (GIF)", _PICTURE_ADVICE),
    (re.compile(rb"\{\\rtf1"), "an RTF document", _AS_CSV),
    (
        re.compile(rb"\s*<(!doctype html|html|\?xml|table)[\s>]", re.IGNORECASE),
        "HTML or XML",
        _AS_CSV,
    ),
)


def check_packed(head: bytes) -> None:
    """Refuse a body that begins as no text, no JSON and no Parquet file begins.

    Args:
        head: at least the first 8 bytes of the body, if it has them.

    Raises:
        shared.errors.input.Packed: it is such a file; says which.
    """
    for magic, kind, advice in _BINARY:
        if head.startswith(magic):
            raise Packed(kind=kind, advice=advice)


def check_text(head: bytes) -> None:
    """Refuse a file that begins as a file of another format than text.

    Args:
        head: the first `MAGIC_BYTES` of the file, before they are decoded.

    Raises:
        shared.errors.input.Packed: it is such a file; says which.
    """
    check_packed(head)
    for pattern, kind, advice in _LETTERS:
        if pattern.match(head[:MAGIC_BYTES]):
            raise Packed(kind=kind, advice=advice)


def only_text(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Refuse a file that is known by its first bytes, before a charset makes text of it."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= MAGIC_BYTES:
            break
    check_text(head)
    if head:
        yield head
    yield from chunks
