"""A text that is checked while it is read, from any record on."""

import io

import pytest

from shared.errors.input import EmptyLine
from shared.tables.csv_layout import CsvLayout
from worker.steps import checked_text
from worker.steps.checked_text import CheckedText

HEADER = b"text\n"
ROW = b"abc\n"
ROWS = 10_000


class Counted(io.BytesIO):
    """A file that counts the bytes that are read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.count += len(content)
        return content


def at_record(file: io.BytesIO, offset: int) -> CheckedText:
    checked = CheckedText(file, len(HEADER), CsvLayout(start=len(HEADER), width=1))
    checked.seek(offset)
    return checked


def test_a_split_that_goes_on_does_not_read_the_file_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise that would take longer than a task may, and the job would stand still."""
    monkeypatch.setattr(checked_text, "MOST_READ_AGAIN", 2000)
    file = Counted(HEADER + ROW * ROWS)
    checked = at_record(file, len(HEADER + ROW * (ROWS - 1)))
    assert file.count < 2000
    assert checked.read() == ROW


@pytest.mark.parametrize("most", [2000, 10**9])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("seeks_behind", [False, True])
def test_an_empty_line_is_found_wherever_it_is(
    monkeypatch: pytest.MonkeyPatch, most: int, line_end: bytes, *, seeks_behind: bool
) -> None:
    """It may be the first after the record at which a split goes on, or the last before."""
    monkeypatch.setattr(checked_text, "MOST_READ_AGAIN", most)
    before = HEADER + ROW * ROWS
    file = io.BytesIO(before + line_end + ROW)
    where = "Line 10,002" if most > 2000 else f"Line near byte {len(file.getvalue()):,}"
    with pytest.raises(EmptyLine, match=where):
        at_record(file, len(before + line_end if seeks_behind else before)).read()


@pytest.mark.parametrize("row", [b"abc\n", b"abc\r\n", b'"a\n\nb"\n', b"z" * 3000 + b"\n"])
def test_rows_without_empty_lines_pass(monkeypatch: pytest.MonkeyPatch, row: bytes) -> None:
    """Nothing before a record is taken for an empty line."""
    monkeypatch.setattr(checked_text, "MOST_READ_AGAIN", 2000)
    before = HEADER + row * 2000
    assert at_record(io.BytesIO(before + row + b"\n"), len(before)).read() == row + b"\n"
