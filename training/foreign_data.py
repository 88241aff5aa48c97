"""Recognises files that are no CSV by their first bytes."""

from pathlib import Path

from training.failed_downloads import FAILED_DOWNLOADS

_AS_CSV = "Save the table as CSV (UTF-8)"

#: First bytes, in lower case -> what such a file is, and what to do.
_SIGNATURES = FAILED_DOWNLOADS | {
    b'{"': f"it is JSON. {_AS_CSV}",
    b"[{": f"it is JSON. {_AS_CSV}",
    b"par1": f"it is a Parquet file. {_AS_CSV}",
    b"pk\x03\x04": f"it is a zip file, such as of Excel (.xlsx). Unpack it, or: {_AS_CSV}",
    b"\xd0\xcf\x11\xe0": f"it is an Excel file (.xls). {_AS_CSV}",
    b"sqlite format 3": f"it is an SQLite database. {_AS_CSV}",
    b"\0\0\0\0": "it holds nothing but zeros. Copy the file again",
}


def foreign(path: Path) -> str:
    """What a file is that is no CSV; empty if it may be one, or is a pipe.

    Raises:
        OSError: it cannot be read.
    """
    # Each byte of a pipe can be read only once.
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        head = file.read(64)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").lower()
    found = next((why for start, why in _SIGNATURES.items() if text.startswith(start)), "")
    is_gzip, is_named_gzip = head.startswith(b"\x1f\x8b"), path.name.lower().endswith(".gz")
    if is_gzip and not is_named_gzip:
        return "it is compressed by gzip. Let its name end in .gz"
    if is_named_gzip and head and not is_gzip:
        return found or "its name ends in .gz, and it is not compressed. Rename it"
    return found
