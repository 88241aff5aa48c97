"""The guess of how a CSV is written: what quotes are, and that it takes a bounded time."""

import pytest

from api.guesses import csv_form
from api.guesses.csv_form import MOST_MARKS, guess_csv


def test_of_very_short_rows_the_first_are_compared() -> None:
    """Rows beyond the bound are not looked at, so an uneven one there is no objection."""
    rows = b"1;x\n" * (MOST_MARKS // 2)
    [guess] = guess_csv(b"a;b\n" + rows + rows + rows + b"1;2;3\n", None, None, is_whole=True)
    assert (guess.option, guess.value) == ("delimiter", "semicolon")
    assert guess_csv(b"a;b\n" + rows + b"1;2;3\n", None, None, is_whole=True) == []


@pytest.mark.parametrize(
    "rows", [b'"\n', b'""\n', b'"', b'"",', b"\r\n", b'"a";"b"\n', b'x"a,b"\n']
)
def test_no_more_marks_are_compared(rows: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files that are nothing but quotes and line ends, a part is read; one line is not cut."""
    seen = list[int]()

    def even_width(content: bytes, *_args: object, is_whole: bool) -> None:
        assert not is_whole
        seen.append(content.count(b"\n") + content.count(b'"'))

    monkeypatch.setattr(csv_form, "even_width", even_width)
    guess_csv(b"a,b\n" + rows * (2**20 // len(rows)) + b"\n", None, None, is_whole=True)
    assert seen
    assert max(seen) <= MOST_MARKS


@pytest.mark.parametrize("delimiter", [None, "|"])
def test_quotes_around_and_within_cells(delimiter: str | None) -> None:
    """A file without quoting may have a text that is wholly in quotes: they belong to it."""
    content = b'ref|text\n1|5" disk\n2|"so good"\n'
    *_, guess = guess_csv(content, delimiter, None, is_whole=True)
    assert (guess.option, guess.value, guess.alternatives) == ("quoting", "none", ("double",))
    assert '"so good"' in guess.reason


@pytest.mark.parametrize(
    "content",
    [
        b'ref,text\n1,5" disk\n2,"so, good"\n',
        b'ref,text\n1,5" disk\n2,"so ""good"""\n',
        b'ref,text\n1,5" disk\n2,"so\ngood"\n',
        b'ref,text\n1,5" disk\n2,""\n3,"so good"\n',
        b'"ref","text"\n1,5" disk\n2,"so good"\n',
        b'ref,text\n1,disk\n2,"so good"\n',
        b'ref,text\n1,5" disk\n2,so good\n',
    ],
)
def test_quotes_that_enclose_cells(content: bytes) -> None:
    """A cell that needs its quotes, is empty, or is a name: quotes enclose cells."""
    assert guess_csv(content, None, None, is_whole=True) == []
    assert guess_csv(content, None, "double", is_whole=True) == []


def test_rows_that_quotes_may_merge() -> None:
    """A tab-separated file that fits in both ways is read by its lines, and the other way said."""
    content = b'ref\ttext\n1\t"so\n2\tgood"\n'
    *_, guess = guess_csv(content, None, None, is_whole=True)
    assert (guess.option, guess.value, guess.alternatives) == ("quoting", "none", ("double",))
    assert "several rows" in guess.reason
    *_, guess = guess_csv(b'ref\ttext\n1\t"so\n2\tgood\n', None, None, is_whole=True)
    assert (guess.value, guess.alternatives) == ("none", ())
    assert "several rows" not in guess.reason
