"""Guessing how a CSV is written, by its delimiter and its quotes, from its beginning."""

import codecs
import re
from collections.abc import Iterable

from api.guesses.guess import Guess
from api.uploads.csv import CsvUpload
from api.uploads.quoting import SEP_LINE, TabQuotes, quoted
from api.uploads.raw_table import csv_rows
from shared.errors.input import BadInput, OpenQuote
from shared.tables.delimiters import DELIMITERS

#: The delimiters that are guessed, by their names in the option; the comma is the default.
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}

#: A quote that opens this near to the end of the beginning may close after it.
_OPEN_BYTES = 64 * 1024

#: What is tried with all delimiters. What fits is compared with everything.
_FIRST_BYTES = 16 * 1024

#: The most line ends and quotes that are compared. They are looked at one by one, once for each
#: delimiter and each way of quoting: a megabyte of them took eight seconds.
MOST_MARKS = 100_000

_QUOTES_FAIL = (
    "If quotes enclose cells, not every row has the cells of the header; as characters they fit."
)
_QUOTES_MERGE = (
    "If quotes enclose cells, one of them seems to hold several rows; as characters they fit."
)


def guess_csv(
    content: bytes, delimiter: str | None, quoting: str | None, *, is_whole: bool
) -> list[Guess]:
    """Guess the delimiter and the quoting of a CSV, where they are not said.

    A guess is made only if every row then has as many cells as the header; of very many short rows,
    the first ones.

    Args:
        content: whole lines from the file's beginning, as UTF-8.
        delimiter: the character between the cells, if it is known.
        quoting: the option, if it is given.
        is_whole: whether the file ends there.
    """
    if delimiter is None and (named := SEP_LINE.match(content.removeprefix(codecs.BOM_UTF8))):
        # Its reader reads what it names, but for a tab.
        if named[1] != b"\t":
            return []
        return [Guess("delimiter", "tab", "The first line says sep=TAB.")]
    if (compared := _without_many_marks(content)) != content:
        content, is_whole = compared, False
    for style in (quoting,) if quoting else (None, "none"):
        widths = _even_widths(
            content, [delimiter] if delimiter else NAMES, style, is_whole=is_whole
        )
        is_new = style is not None and not quoting
        if is_new:
            widths = {one: n for one, n in widths.items() if not _has_quoted_names(content, one)}
        if delimiter is None and max(widths.values(), default=0) == 1 and _may_have_cells(content):
            # The header as one name is no evidence: a delimiter may be in it.
            widths = {}
        found = [] if delimiter else _delimiter_of(widths, content)
        if not widths or (delimiter is None and not found and "," not in widths):
            continue
        own = delimiter or (DELIMITERS[found[0].value] if found else ",")
        if is_new:
            # Only the quotes of a tab-separated file are refused although its rows are even.
            merge = even_width(content, own, "double", is_whole=is_whole) is not None
            reason, others = (_QUOTES_MERGE, ("double",)) if merge else (_QUOTES_FAIL, ())
            found.append(Guess("quoting", "none", reason, others))
        elif style is None:
            found += _quotes_of(content, own, is_whole=is_whole)
        return found
    return []


def _without_many_marks(content: bytes) -> bytes:
    """The first lines of a text, with no more than `MOST_MARKS` line ends and quotes together."""
    while content.count(b"\n") + content.count(b'"') > MOST_MARKS:
        content = content[: content.rfind(b"\n", 0, len(content) // 2) + 1]
    return content


def _even_widths(
    content: bytes, delimiters: Iterable[str], quoting: str | None, *, is_whole: bool
) -> dict[str, int]:
    """The widths by the delimiters with which all rows are even: those above 1, or else all."""
    first = content[: content.rfind(b"\n", 0, _FIRST_BYTES) + 1]
    if len(content) <= _FIRST_BYTES or first.count(b"\n") < 2:
        first = content
    is_all = is_whole and first is content
    likely = {
        one: width
        for one in delimiters
        if (width := even_width(first, one, quoting, is_whole=is_all))
    }
    for is_several in (True, False):
        # Delimiters that are in no header take as long as the right one, and are no evidence.
        found = {
            one: width
            for one, width in likely.items()
            if (width > 1) is is_several
            and (first is content or even_width(content, one, quoting, is_whole=is_whole))
        }
        if found:
            return found
    return {}


def even_width(
    content: bytes, delimiter: str, quoting: str | None, *, is_whole: bool
) -> int | None:
    """Return the number of cells that every row has, as the header; None if they differ.

    Also None if the file cannot be read so, or has no row. See `guess_csv`.
    """
    reader = CsvUpload(delimiter)
    try:
        if quoting == "none":
            content = b"".join(quoted(iter([content]), delimiter))
        reader.feed(content)
        width = len(reader.finish())
    except BadInput:
        return None
    count = 0
    try:
        for run in csv_rows(content, reader):
            if set(map(len, run)) - {width}:
                return None
            count += len(run)
    except OpenQuote as error:
        if is_whole or int(error.fields["offset"]) < len(content) - _OPEN_BYTES:
            return None
    if quoting is None and delimiter == "\t" and not _have_pairs(content, is_whole=is_whole):
        return None
    return width if count else None


def _have_pairs(content: bytes, *, is_whole: bool) -> bool:
    """Whether the quotes of a tab-separated file are those that its reader accepts."""
    quotes = TabQuotes()
    try:
        quotes.feed(content)
        if is_whole:
            quotes.finish()
    except BadInput:
        return False
    return True


def _delimiter_of(widths: dict[str, int], content: bytes) -> list[Guess]:
    """The guess of the delimiter; none if it is the comma alone, or nothing fits."""
    several = {one: width for one, width in widths.items() if width > 1}
    if several:
        # The first of those with the most cells.
        best = max(several, key=lambda one: several[one])
        others = tuple(NAMES[one] for one in several if one != best)
        if best == "," and not others:
            return []
        name = NAMES[best]
        reason = f"Every row has {several[best]} cells, as the header, with {name}s between them"
        if others:
            reason = f"{reason}; with {'s or '.join(others)}s the rows would be even too"
        else:
            reason = f"{reason}, and not with commas"
        return [Guess("delimiter", name, f"{reason}.", others)]
    if "," in widths:
        return []
    lines = content.removeprefix(codecs.BOM_UTF8).strip(b"\r\n").split(b"\n")
    if len({line.count(b",") for line in lines[1:] if line.strip(b"\r")}) == 1:
        # As many commas in each row: more likely, the header lacks names.
        return []
    free = next((one for one in "\t|;" if one in widths and one.encode() not in content), None)
    if free is None:
        return []
    name = NAMES[free]
    reason = (
        "The header has one column, and the rows have commas in their texts. Read as one column, "
        f"as if a {name} were the delimiter: there is none in the file's beginning."
    )
    return [Guess("delimiter", name, reason)]


def _quotes_of(content: bytes, delimiter: str, *, is_whole: bool) -> list[Guess]:
    """The guess that quotes are characters, where they enclose some cells and are within others.

    A program that encloses cells in quotes does so with every cell that has a quote in it. None is
    made if an enclosed cell is empty, or could not be written otherwise: then quotes enclose cells.
    """
    if b'"' not in content or _has_quoted_names(content, delimiter):
        return []
    end = re.escape(delimiter.encode())
    enclosed = re.compile(rb'(?:(?<=[%b\n])|\A)"((?:[^"]|"")*)"(?=[%b\r\n]|\Z)' % (end, end))
    needed = re.compile(rb'[%b\r\n"]|\A\Z' % end)
    cells = [found[1] for found in enclosed.finditer(content)]
    if not cells or any(map(needed.search, cells)) or b'"' not in enclosed.sub(b"", content):
        return []
    if even_width(content, delimiter, "none", is_whole=is_whole) is None:
        return []
    shown = cells[0].decode()[:40]
    reason = (
        f'Quotes are around some cells, such as "{shown}", and within others, and no cell needs '
        "them around it. Read as characters."
    )
    return [Guess("quoting", "none", reason, ("double",))]


def _has_quoted_names(content: bytes, delimiter: str) -> bool:
    """Whether quotes enclose a name in the header: then they enclose cells."""
    cells = (cell.strip() for cell in _first_line(content).split(delimiter.encode()))
    return any(len(cell) > 1 and cell[:1] == cell[-1:] == b'"' for cell in cells)


def _may_have_cells(content: bytes) -> bool:
    """Whether the header has a character that separates cells in some files."""
    return any(one.encode() in _first_line(content) for one in NAMES)


def _first_line(content: bytes) -> bytes:
    return content.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n").partition(b"\n")[0]
