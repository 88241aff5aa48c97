"""What is cut reads back, whatever the cells hold."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from api.uploads.columns import InputColumns
from api.uploads.csv import CsvUpload
from api.uploads.json_rows import json_rows, parse_json
from shared.tables.csv_layout import CsvLayout
from shared.tables.csv_results import escape, parse, render, unescape
from shared.tables.layouts import NDJSON
from shared.tables.rows import ReadOptions, Rows
from shared.tables.stored_rows import write_rows

TEXTS = InputColumns(("text",))
LIMIT = 10**6

#: Anything that UTF-8 can carry; line breaks, quotes and commas more often than by chance.
cells = st.text(
    st.sampled_from("\",\n\r\t =-'x\u00e9\U0001f600") | st.characters(codec="utf-8"), max_size=20
)
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=30)


def upload_of(rows: list[tuple[str, str]], newline: str = "\n") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerows([("ref", "text"), *rows])
    return text.getvalue().encode()


def layout_of(content: bytes, size: int = 7) -> CsvLayout:
    upload = CsvUpload()
    for begin in range(0, len(content), size):
        upload.feed(content[begin : begin + size])
    return upload.layout(TEXTS)


def read_in_parts(content: bytes, layout: CsvLayout, rows_per_part: int) -> Rows:
    file = io.BytesIO(content)
    file.seek(layout.start)
    found = Rows()
    for part in layout.cut(file, rows_per_part=rows_per_part, after=None, max_record_bytes=LIMIT):
        assert part.first_row == len(found)
        rows = layout.read(
            content[part.offset : part.end],
            offset=part.offset,
            first_row=part.first_row,
            options=ReadOptions(LIMIT, LIMIT),
        )
        assert len(rows) == part.rows
        found.extend(rows)
    return found


@given(tables, st.integers(1, 7), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_parts_hold_every_row_once(
    rows: list[tuple[str, str]], rows_per_part: int, chunk: int, newline: str
) -> None:
    """Whatever the cells hold, the parts together are the rows of the file, in order."""
    content = upload_of(rows, newline)
    found = read_in_parts(content, layout_of(content, chunk), rows_per_part)
    assert found.refs == [ref for ref, _ in rows]
    for text, (_, sent) in zip(zip(found.inputs[0], found.errors, strict=True), rows, strict=True):
        good = bool(sent.strip()) and "\0" not in sent
        assert text == (sent, None) if good else text[1] is not None


@given(tables, st.integers(1, 5))
def test_a_split_may_go_on_anywhere(rows: list[tuple[str, str]], rows_per_part: int) -> None:
    """Cutting after any part gives the parts that follow it."""
    content = upload_of(rows)
    layout = layout_of(content)
    options = {"rows_per_part": rows_per_part, "max_record_bytes": LIMIT}

    def cut_after(after: object, begin: int) -> list[object]:
        return list(layout.cut(io.BytesIO(content[begin:]), after=after, **options))  # type: ignore[arg-type]

    parts = cut_after(None, layout.start)
    for at, part in enumerate(parts):
        assert cut_after(part, part.end) == parts[at + 1 :]


@given(st.lists(st.tuples(st.none() | st.integers() | cells, cells), min_size=1, max_size=20))
def test_json_rows_are_stored_whole(rows: list[tuple[object, str]]) -> None:
    """JSON rows read back as they were sent: refs as texts, rows without a ref by number."""
    content = write_rows(rows)
    found = NDJSON.read(content, options=ReadOptions(LIMIT, LIMIT))
    expected = [str(at) if ref is None else str(ref) for at, (ref, _) in enumerate(rows, 1)]
    assert found.refs == expected


@given(cells)
def test_an_escape_can_be_undone(cell: str) -> None:
    """Escaping loses nothing, and leaves nothing that a spreadsheet would run."""
    escaped = escape(cell)
    assert unescape(escaped) == cell
    risky = escaped[:1] in ("=", "+", "-", "@", "\t", "\r")
    assert not risky or escaped[1:2].isdigit() or escaped[1:2] == "."


@given(st.lists(st.tuples(cells, st.none() | st.floats(0, 1)), max_size=20))
def test_results_read_back_equal(rows: list[tuple[str, float | None]]) -> None:
    """Refs and scores come out of the result CSV exactly as they went in."""
    errors = [None if score is not None else "why" for _, score in rows]
    content = render([ref for ref, _ in rows], [[score for _, score in rows]], errors)
    assert [(row["ref"], row["Sentiment_Score"]) for row in parse(content)] == rows


def test_json_in_the_forms_that_clients_write() -> None:
    """Columns, pandas' to_json, records and a lone record give the same rows."""
    for body in (
        b'{"ref": [1], "text": ["a"]}',
        b'{"ref": {"0": 1}, "text": {"0": "a"}}',
        b'[{"ref": 1, "text": "a"}]',
        b'{"ref": 1, "text": "a"}',
        rb'"{\"ref\": [1], \"text\": [\"a\"]}"',
    ):
        assert json_rows(parse_json(body), TEXTS) == [(1, "a")]
