"""Result CSVs are what the csv module would write; stored JSON rows are what `json` reads."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tables.csv_results import RUN, escape, parse, render
from shared.tables.layouts import NDJSON
from shared.tables.rows import ReadOptions, Rows
from shared.tables.stored_rows import ref_text, write_rows

Result = tuple[str, float | None, str | None]

cells = st.text(
    st.sampled_from("\",\n\r\t =-'x\0\u00e9\x85\u2028\U0001f600") | st.characters(codec="utf-8"),
    max_size=8,
)
plain = st.text("abc123 -_.", max_size=8)
scores = st.floats(allow_nan=False, allow_infinity=False)
#: A score, or an error.
outcomes = st.tuples(scores, st.none()) | st.tuples(st.none(), cells.filter(bool))
results = st.one_of(
    [
        st.lists(st.builds(lambda ref, outcome: (ref, *outcome), refs, outcomes))
        for refs in (plain, cells)
    ]
)


def render_rows(rows: list[Result]) -> bytes:
    return render([row[0] for row in rows], [[row[1] for row in rows]], [row[2] for row in rows])


def csv_line(*row: str | None) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)
    return text.getvalue().removesuffix("\r\n") + "\n"


def check_results(rows: list[Result]) -> None:
    content = render_rows(rows).decode()
    spelled = [score for _, score, _ in csv.reader(io.StringIO(content, newline=""))]
    assert [float(score) if score else None for score in spelled] == [row[1] for row in rows]
    lines = [
        csv_line(escape(ref), score, error)
        for (ref, _, error), score in zip(rows, spelled, strict=True)
    ]
    assert content == "".join(lines)


@given(results)
def test_results_are_what_the_csv_module_writes(rows: list[Result]) -> None:
    """Cells are quoted as by the csv module, and floats read back equal."""
    check_results(rows)


def test_one_odd_ref_is_not_lost_among_plain_ones() -> None:
    """A ref that needs quotes or an escape gets them, whatever the other refs are."""
    for ref in ["a,b", 'a"b', "a\rb", "a\nb", "=1+2", "-5", "@", "\t", "'=", "'a", ""]:
        for refs in ([ref, "plain"], ["plain", ref]):
            check_results([(ref, 0.1, None) for ref in refs])


@given(results, st.integers(0, 9), st.none() | st.integers(0, 9))
def test_some_results_can_be_parsed(rows: list[Result], begin: int, end: int | None) -> None:
    """A slice of the rows reads back as the same slice of all rows."""
    expected = [
        {"ref": ref, "Sentiment_Score": score, "error": error} for ref, score, error in rows
    ]
    assert parse(render_rows(rows), begin, end) == expected[begin:end]


def test_many_results_are_written_as_few_are() -> None:
    """At the border of two runs no row is lost, repeated or mixed up."""
    for count in (RUN - 1, RUN, RUN + 1, 2 * RUN + 1):
        check_results([(f"r{row}", row / 7, None) for row in range(count)])


def test_every_ref_needs_its_score() -> None:
    """Columns of different lengths raise, and never shift a result."""
    with pytest.raises(ValueError, match="shorter"):
        render(["a"], [[]], [])
    with pytest.raises(ValueError, match="longer"):
        render([], [[0.5]], [None])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | cells | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(cells, inner, max_size=3),
    max_leaves=5,
)
json_pairs = st.one_of(
    [
        st.lists(st.tuples(st.none() | st.integers() | cells, texts), max_size=20)
        for texts in (cells, values)
    ]
)


def check_json(pairs: list[tuple[object, object]], chars: int, first_row: int) -> None:
    expected = Rows(inputs=[[]])
    for number, (ref, text) in enumerate(pairs, first_row + 1):
        expected.add(str(number) if ref is None else ref_text(ref), [text], ReadOptions(chars, 1))
    content = write_rows(pairs)
    found = NDJSON.read(content, first_row=first_row, options=ReadOptions(chars, 1))
    assert found == expected


@given(json_pairs, st.sampled_from([3, 1000]), st.integers(0, 9))
def test_json_rows_are_what_json_reads(
    pairs: list[tuple[object, object]], chars: int, first_row: int
) -> None:
    """Any value in place of a text reads back as it was sent, or as an error that explains it."""
    check_json(pairs, chars, first_row)


def test_one_odd_value_is_not_lost_among_texts() -> None:
    """A value that is not a text is found among texts."""
    odd: list[object] = [
        "", " \n", "\0", "a\0", "longer", "\ud800", None, True, 10**30, 1e-7, float("inf"), [], {}
    ]  # fmt: skip
    for value in odd:
        check_json([("a", "text"), ("b", value), (None, "text")], 5, 7)


def test_refs_are_unchanged() -> None:
    """A ref that is not a string is stored as its JSON."""
    refs = [7, -(10**30), True, 1.5, None, ["\u00e9"]]
    assert [ref_text(ref) for ref in refs] == [json.dumps(ref, ensure_ascii=False) for ref in refs]
