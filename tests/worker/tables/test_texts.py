"""Tests of texts that stay places in the bytes of a CSV until a model reads them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.words.text_bytes import TextBytes
from shared.tables.csv_layout import CsvLayout
from shared.tables.rows import ReadOptions, Rows
from shared.tables.spans import Texts
from worker.tables.libraries import READING
from worker.tables.lists import list_of
from worker.tables.typed_cells import read_csv

pytestmark = pytest.mark.skipif(READING is None, reason="there is no compiled library")

MOST = 12

#: Texts with all that is special: quotes, commas, wide characters, capitals and signs beyond ASCII.
TEXTS = [
    "Good",
    "a, b",
    'He said "no"',
    "ÄRGER",
    "\u00a0x",
    "naïve 😀",
    "一二三",
    "  in  ",
    "x" * MOST,
]

#: Texts that cannot be scored.
BAD = ["", " ", "\u3000\u00a0", "\t \x1c", "x" * (MOST + 1), "Ä" * (MOST + 1)]


def read(texts: list[str], *, compiled: bool = True) -> Rows:
    """Read texts from a CSV."""
    lines = [f'{row},"{text.replace(chr(34), 2 * chr(34))}"' for row, text in enumerate(texts)]
    options = ReadOptions(MOST, 10_000, read_csv=read_csv if compiled else None)
    content = "".join(f"{line}\n" for line in lines).encode()
    return CsvLayout(width=2, text=1, ref=0).read(content, options)


def starts_of(content: bytes, texts: int) -> "list[int] | None":
    starts = [0, *(at + 1 for at, byte in enumerate(content) if not byte), len(content) + 1]
    return starts if len(starts) == texts + 1 else None


def prepared(preprocess: Callable[[str], str] = str.lower) -> TextBytes:
    return TextBytes(lower=True, signs="😀!", preprocess=preprocess)


def reversed_lower(text: str) -> str:
    """A preprocessor that must see each text by itself."""
    return text[::-1].lower()


def with_nul(text: str) -> str:
    """A preprocessor that puts what separates texts into one."""
    return text.replace("\u4e8c", "\0").lower()


@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=30),
    st.sampled_from([str.lower, reversed_lower, with_nul]),
)
def test_the_bytes_that_are_scored_are_those_of_the_strings(
    texts: list[str], preprocess: Callable[[str], str]
) -> None:
    """Whether a model gets strings or places, the same bytes are cut into words."""
    [column] = read(texts).inputs
    assert isinstance(column, Texts)
    by = prepared(preprocess)
    assert by.joined(column, starts_of) == by.joined(texts, starts_of)


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=30))
def test_texts_are_the_strings_of_the_file(texts: list[str]) -> None:
    """Texts are a sequence of the strings, also a part of them, and know their characters."""
    [column] = read(texts).inputs
    assert list(column) == list_of(column) == [column[at] for at in range(len(texts))] == texts
    assert list(column[1:4]) == texts[1:4]
    assert list(column[1:].characters) == [len(text) for text in texts[1:]]


@given(st.lists(st.sampled_from(TEXTS + BAD), min_size=1, max_size=30))
def test_a_text_that_cannot_be_scored_gets_the_same_error(texts: list[str]) -> None:
    """What is too long, empty or blank is told as Python tells it, and the others are read."""
    found, expected = read(texts), read(texts, compiled=False)
    assert (found.errors, found.inputs) == (expected.errors, expected.inputs)
    assert sum(error is not None for error in found.errors) == sum(text in BAD for text in texts)


def test_runs_of_a_file_are_joined() -> None:
    """Rows that are read in several runs become one column."""
    rows = Rows()
    content = read(["Good", "ÄRGER", 'a "b"'])
    rows.extend(content)
    rows.extend(read(["last"]))
    assert list(rows.inputs[0]) == ["Good", "ÄRGER", 'a "b"', "last"]
    both = content.run(0, 1)
    both.extend(content.run(1, 3))
    assert isinstance(both.inputs[0], Texts)
    assert list(both.inputs[0].characters) == [4, 5, 5]
    assert list(both.inputs[0]) == ["Good", "ÄRGER", 'a "b"']
