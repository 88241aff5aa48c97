"""The formats of uploads, and the content types and file names by which they are recognised."""

from enum import StrEnum
from pathlib import PurePath
from typing import NamedTuple


class Format(StrEnum):
    """The format of an upload."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class Kind(NamedTuple):
    """A format, and the delimiter that its content type or file name implies."""

    format: Format
    delimiter: str | None = None  #: Of a CSV; None: a comma, unless an option names another.


_COMMAS, _TABS = Kind(Format.CSV), Kind(Format.CSV, "\t")
_LINES = Kind(Format.NDJSON)
_PARQUET = Kind(Format.PARQUET)

#: The kinds of uploads by content type.
MEDIA_TYPES: dict[str, Kind] = {
    "application/json": Kind(Format.JSON),
    "application/jsonl": _LINES,
    "application/ndjson": _LINES,
    "application/vnd.apache.parquet": _PARQUET,
    "application/x-ndjson": _LINES,
    "text/csv": _COMMAS,
    "text/tab-separated-values": _TABS,
}

#: The content type of a JSON body that has the addresses of files, and never rows.
ADDRESSES = "application/vnd.scorelane.job+json"

#: The kinds of uploads by the suffix of the file's name.
ENDINGS: dict[str, Kind] = {
    ".csv": _COMMAS,
    ".json": Kind(Format.JSON),
    ".jsonl": _LINES,
    ".ndjson": _LINES,
    ".parquet": _PARQUET,
    ".tab": _TABS,
    ".tsv": _TABS,
}

#: How to send each format: part of the error for another content type.
ADVICE = (
    "text/csv (curl: --data-binary @file -H 'Content-Type: text/csv'), application/x-ndjson, "
    "application/vnd.apache.parquet, application/json or multipart/form-data (curl: -F file=@file)"
)


def kind_of_file(media_type: str, name: str | None) -> Kind:
    """Return the kind of a file in a form, by its content type, else by its name, else CSV."""
    if media_type in MEDIA_TYPES:
        return MEDIA_TYPES[media_type]
    # The name decides where the content type does not: curl sends application/octet-stream for an
    # unknown suffix, and some browsers send a spreadsheet's type for a CSV.
    path = PurePath((name or "").lower())
    if path.suffix == ".gz":
        path = path.with_suffix("")
    return ENDINGS.get(path.suffix, _COMMAS)
