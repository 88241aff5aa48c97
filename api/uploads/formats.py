"""The formats that rows may come in, and how each is told from a name."""

from enum import StrEnum
from pathlib import PurePath
from typing import NamedTuple


class Format(StrEnum):
    """What rows may come as."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class Kind(NamedTuple):
    """A format, and what its name says of it."""

    format: Format
    delimiter: str | None = None  #: Of a CSV; None: an option says it, or it is a comma.


_COMMAS, _TABS = Kind(Format.CSV), Kind(Format.CSV, "\t")
_LINES = Kind(Format.NDJSON)
_PARQUET = Kind(Format.PARQUET)

#: By content type.
MEDIA_TYPES: dict[str, Kind] = {
    "application/json": Kind(Format.JSON),
    "application/jsonl": _LINES,
    "application/ndjson": _LINES,
    "application/vnd.apache.parquet": _PARQUET,
    "application/x-ndjson": _LINES,
    "text/csv": _COMMAS,
    "text/tab-separated-values": _TABS,
}

#: By the ending of a file's name.
ENDINGS: dict[str, Kind] = {
    ".csv": _COMMAS,
    ".json": Kind(Format.JSON),
    ".jsonl": _LINES,
    ".ndjson": _LINES,
    ".parquet": _PARQUET,
    ".tab": _TABS,
    ".tsv": _TABS,
}

#: How to send each, for who has sent something else.
ADVICE = (
    "text/csv (curl: --data-binary @file -H 'Content-Type: text/csv'), application/x-ndjson, "
    "application/vnd.apache.parquet, application/json or multipart/form-data (curl: -F file=@file)"
)


def kind_of_file(media_type: str, name: str | None) -> Kind:
    """What a file in a form is: by its content type, or by its name, or else a CSV."""
    if media_type in MEDIA_TYPES:
        return MEDIA_TYPES[media_type]
    # What curl does not know it calls application/octet-stream, and a browser a spreadsheet.
    path = PurePath((name or "").lower())
    if path.suffix == ".gz":
        path = path.with_suffix("")
    return ENDINGS.get(path.suffix, _COMMAS)
