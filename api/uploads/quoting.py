"""The double quotes of a CSV: files without quoting, and files whose quotes merge rows."""

import codecs
import re
from collections.abc import Callable, Iterator
from itertools import chain

from shared.errors.input import BadHeader, MergedRows, UnpairedQuote

#: The longest cell or line that is held. It is longer than a record may be by default, so the row
#: is an error whatever is in it.
MAX_HELD_BYTES = 16 * 1024 * 1024

QUOTE = b'"'

#: The first line that Excel writes to name a delimiter.
SEP_LINE = re.compile(rb'"?sep=([^\r\n"])"?\r?(?:\n|\Z)', re.IGNORECASE)


def quoted(chunks: Iterator[bytes], delimiter: str) -> Iterator[bytes]:
    r"""Convert a table without quoting to a CSV (RFC 4180), in constant memory.

    In such a table a quote is a character like any other, a cell ends at the next delimiter and a
    row at the next `\n`. Cells with a quote get quotes around them, and their quotes are doubled.

    Args:
        chunks: the table as UTF-8.
        delimiter: the ASCII character between its cells.

    Raises:
        shared.errors.input.BadHeader: the first line names a delimiter, as Excel's `sep=;` does.
    """
    end = delimiter.encode()
    cell, ends = (re.compile(form % re.escape(end)) for form in (rb"[^%b\n]+", rb"[%b\n]"))
    held, is_too_long = b"", False
    for chunk in chain(_without_bom(chunks), [None]):
        text = held + (chunk or b"")
        if is_too_long:
            # The rest of a cell whose beginning was passed on without its quotes.
            found = ends.search(text)
            stop = found.start() if found else len(text)
            yield text[:stop].replace(QUOTE, b"")
            text, is_too_long = text[stop:], found is None
        cut = len(text) if chunk is None else max(text.rfind(end), text.rfind(b"\n")) + 1
        text, held = text[:cut], text[cut:]
        yield cell.sub(_in_quotes, text) if QUOTE in text else text
        if len(held) > MAX_HELD_BYTES:
            yield held.replace(QUOTE, b"")
            held, is_too_long = b"", True


def _in_quotes(found: "re.Match[bytes]") -> bytes:
    cell, line_end = found[0], b""
    if QUOTE not in cell:
        return cell
    if cell.endswith(b"\r") and found.string[found.end() : found.end() + 1] in (b"\n", b""):
        cell, line_end = cell[:-1], b"\r"
    return b'"%b"%b' % (cell.replace(QUOTE, b'""'), line_end)


def _without_bom(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out a byte order mark, which would stand between a quote and the line's beginning."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) > len(codecs.BOM_UTF8) + len("'sep=;'\r\n"):
            break
    head = head.removeprefix(codecs.BOM_UTF8)
    if SEP_LINE.match(head):
        reason = "it names a delimiter (`sep=`), and with quoting=none it is read as the header"
        raise BadHeader(reason=reason)
    return chain([head], chunks)


class TabQuotes:
    """Checks that the quotes of a tab-separated file enclose cells and merge no rows.

    Many such files have no quoting at all: a quote that begins a text then opens a cell that
    takes in all rows up to the next quote. Feed it the whole file as UTF-8, chunk by chunk.
    """

    def __init__(self) -> None:
        self._rest: bytes = b""
        self._line = 0
        #: The line whose quote is open; 0: none is.
        self._opened = 0
        self._has_tab = False
        self._columns = 0
        self._is_long = False

    def feed(self, chunk: bytes) -> None:
        """Check the lines that end in the next chunk.

        Raises:
            shared.errors.input.UnpairedQuote: a closing quote is not at the end of its cell.
            shared.errors.input.MergedRows: a cell in quotes seems to hold several rows.
        """
        content = self._rest + chunk
        end = content.rfind(b"\n") + 1
        lines, self._rest = content[:end], content[end:]
        if self._is_long and end:
            # The end of a line that is an error as a whole.
            begin = lines.index(b"\n") + 1
            lines, self._is_long, self._line = lines[begin:], False, self._line + 1
        if len(self._rest) > MAX_HELD_BYTES:
            self._rest, self._is_long, self._opened = b"", True, 0
        if self._columns and not self._opened and QUOTE not in lines:
            self._line += lines.count(b"\n")
            return
        for line in lines.split(b"\n")[:-1]:
            self._check(line.removesuffix(b"\r"))

    def finish(self) -> None:
        """Check the last line, and that no quote is open at the end of the file.

        Raises:
            shared.errors.input.UnpairedQuote: a quote is not closed, or not at the end of its cell.
            shared.errors.input.MergedRows: a cell in quotes seems to hold several rows.
        """
        if self._rest and not self._is_long:
            self._check(self._rest.removesuffix(b"\r"))
        if self._opened:
            problem = "it is not closed before the end of the file"
            raise UnpairedQuote(line=f"{self._opened:,}", problem=problem)

    def _check(self, line: bytes) -> None:
        self._line += 1
        if not self._columns:
            line = line.removeprefix(codecs.BOM_UTF8)
            self._columns = line.count(b"\t") + 1 if line else 0
        if not self._opened and QUOTE not in line:
            return
        at = 0
        while at <= len(line):
            if not self._opened:
                if not line.startswith(QUOTE, at):
                    at = line.find(b'\t"', at) + 1
                    if not at:
                        return
                at, self._opened, self._has_tab = at + 1, self._line, False
            at = self._end_of_cell(line, at)

    def _end_of_cell(self, line: bytes, at: int) -> int:
        """Return where the cell after this quoted one begins; past the line's end if none does."""
        closing = at
        while (closing := line.find(QUOTE, closing)) >= 0 and line.startswith(QUOTE, closing + 1):
            closing += 2
        self._has_tab = self._has_tab or b"\t" in line[at : closing if closing >= 0 else None]
        if closing < 0:
            return len(line) + 1
        if line[closing + 1 : closing + 2] not in (b"", b"\t"):
            problem = "the quote that closes it is not at the end of its cell"
            raise UnpairedQuote(line=f"{self._opened:,}", problem=problem)
        if self._opened < self._line and (self._has_tab or self._columns == 1):
            raise MergedRows(first=f"{self._opened:,}", last=f"{self._line:,}")
        self._opened = 0
        return closing + 2


def checked_tab_quotes(
    chunks: Iterator[bytes], is_cut: Callable[[], bool] = lambda: False
) -> Iterator[bytes]:
    """Pass on a tab-separated file, and check its quotes; see `TabQuotes`.

    Args:
        chunks: the file as UTF-8.
        is_cut: whether the file goes on after the last chunk, asked at its end.
    """
    quotes = TabQuotes()
    for chunk in chunks:
        quotes.feed(chunk)
        yield chunk
    if not is_cut():
        quotes.finish()
