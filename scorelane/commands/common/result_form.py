"""The form in which results are written to a file: its name says it, or `--format` does."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from scorelane.client.result_dialect import rewritten

Format = Literal["csv", "ndjson", "parquet"]

#: gzip's number of window bits: those of zlib, and 16 for the header and trailer of gzip.
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Form:
    """How results are written.

    Attributes:
        format: the format that the service sends.
        tabs: the cells of the CSV are separated by tabs instead of commas.
        gzipped: the file is compressed.
    """

    format: Format
    tabs: bool = False
    gzipped: bool = False

    @property
    def is_binary(self) -> bool:
        """Whether the file is no text."""
        return self.gzipped or self.format == "parquet"

    @property
    def delimiter(self) -> str:
        """The character between two cells."""
        return "\t" if self.tabs else ","


#: Ending of a file, in lower case -> form. A name without an ending, or a text, is a CSV.
_FORMS = {
    "": Form("csv"),
    ".csv": Form("csv"),
    ".txt": Form("csv"),
    ".tsv": Form("csv", tabs=True),
    ".ndjson": Form("ndjson"),
    ".jsonl": Form("ndjson"),
    ".parquet": Form("parquet"),
}


def form_of(out: Path, wanted: Format | None = None, *, is_stream: bool = False) -> Form:
    """The form of a file of results.

    Args:
        out: the file; `.gz` at the end of its name compresses it.
        wanted: the format that the user has named; None: the ending decides.
        is_stream: the file is stdout, a pipe or a device, so an unknown ending says nothing.

    Raises:
        click.UsageError: its name says a form that cannot be written.
    """
    name = out.name.lower()
    gzipped = name.endswith(".gz")
    inner = name.removesuffix(".gz")
    # `.csv` alone is a name that begins with a dot, and has no suffix for pathlib.
    ending = inner if inner in _FORMS else Path(inner).suffix
    form = Form(wanted) if wanted else _FORMS.get(ending)
    if form is None and is_stream:
        form = Form("csv")
    if form is None or (gzipped and form.format == "parquet"):
        raise click.UsageError(
            f"{out}: this form cannot be written. Name a file that ends in .csv, .tsv, .ndjson or "
            ".jsonl, each also with .gz, or in .parquet."
        )
    return Form(form.format, tabs=form.tabs, gzipped=gzipped)


def with_tabs(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Turn a CSV with commas into one with tabs, row by row."""
    return rewritten(lines_of(chunks), "\t")


def compressed(chunks: Iterable[bytes], *, at_once: bool = False) -> Iterator[bytes]:
    """Compress chunks as one gzip file.

    Args:
        chunks: the content.
        at_once: whether each chunk can be read before the next one comes.
    """
    gzip = zlib.compressobj(wbits=_GZIP)
    for chunk in chunks:
        yield gzip.compress(chunk) + (gzip.flush(zlib.Z_SYNC_FLUSH) if at_once else b"")
    yield gzip.flush()


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines in the chunks, with their line ends."""
    pieces: list[bytes] = []
    for chunk in chunks:
        first, newline, rest = chunk.partition(b"\n")
        pieces.append(first + newline)
        if not newline:
            continue
        yield b"".join(pieces).decode()
        *lines, last = rest.split(b"\n")
        for line in lines:
            yield line.decode() + "\n"
        pieces = [last]
    if rest := b"".join(pieces):
        yield rest.decode()
