"""Contents of CSVs with everything that the fast ways through a CSV may stumble over."""

from contextlib import AbstractContextManager
from unittest import mock

from hypothesis import strategies as st

from shared.tables import csv_blocks
from shared.tables.csv_blocks import by_blocks, record_ends
from worker.steps.record_ends import look

#: Delimiters: also characters that occur in blanks, words and other quotes.
DELIMITERS = [",", ";", "\t", "|", " ", "x", "'", "\x1f", "\\"]

#: Lines that the fast way reads, in a table of two columns.
ORDINARY = [
    "1,text\n", "2,text\r\n", '3,"a, b"\n', '4,"a ""word"" more"\r\n', '5,"two\nlines"\n',
    '6,"two\r\nlines"\n', '"r",""\n', '7,"""x"""\n', '8,""""\n', '"a","b"\n', "9, \n", "10,\n",
    "caf\u00e9,\u20ac \U0001f600\n", "\x85,\u2028\n", "=1,\1\n", "\t,\ufeff\n",
]  # fmt: skip
#: What it leaves to the csv module: other numbers of cells, blank lines, and what looks as if a
#: quote opened or closed a cell and does not.
ODD = [
    "1,2,3\n", "alone\n", '"alone"\n', "\n", "\r\n", '""\n', "x\0,\n", '"\0",\n', "a\rb,\n",
    "a,\r\r\n", '1,a"b,"c\n', '1,a"b"\n', '1,"a"b,"c\n', '1,"a"b"\n', '1,"a\n', 'x",b\n',
    '"a" ,b\n', ' "a",b\n', 'a\rb,"c\n', '"a"\r,"b\n', '"a"\rb,"c\n', '1,"b\r\n', '"a"\r\r\n',
]  # fmt: skip
#: Lines of a table of one column.
ALONE = ["text\n", '""\n', '"a, b"\n', '"two\nlines"\n', "\n", "\r\n", '"a ""word"""\r\n']
MARKS = ['"', '""', ",", "\n", "\r", "\r\n", "\0", "x", "\u20ac"]

contents = st.one_of(
    st.lists(st.sampled_from(ORDINARY), max_size=20),
    st.lists(st.sampled_from(ORDINARY + ODD), max_size=20),
    st.lists(st.sampled_from(ALONE), max_size=20),
    st.lists(st.sampled_from(ORDINARY + ODD + MARKS), max_size=20),
).map(lambda lines: "".join(lines).encode())


def with_delimiter(content: bytes, delimiter: str) -> bytes:
    """The content with commas and another character swapped."""
    return content.translate(bytes.maketrans(b"," + delimiter.encode(), delimiter.encode() + b","))


delimiters = st.sampled_from([",", *DELIMITERS])

#: Both ways to where records end: as pieces, and by array operations.
LOOKS = [by_blocks(record_ends), look]


def blocks_of(size: int) -> AbstractContextManager[object]:
    """Let CSVs be read in blocks of this size, in bytes."""
    return mock.patch.object(csv_blocks, "BLOCK_BYTES", size)
