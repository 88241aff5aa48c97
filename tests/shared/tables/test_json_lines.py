"""Lines of JSON objects: the fast way finds what `json` finds line by line."""

import io
import json
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.uploads.columns import InputColumns
from api.uploads.ndjson import NdjsonUpload
from shared.errors.input import BadFirstLine, NoRows, NoSuchColumn, RowTooLong
from shared.tables import json_lines, parts
from shared.tables.json_lines import line_ends
from shared.tables.layouts import ObjectsLayout
from shared.tables.parts import Part
from shared.tables.rows import ReadOptions, Rows
from shared.tables.stored_rows import cell_text, ref_text

LAYOUT = ObjectsLayout(names=("ref", "text", "stars"))
LIMIT = 10**6

texts = st.text(st.sampled_from('a "\\\n\0\u00e9\u2028\U0001f600') | st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=3,
).filter(lambda value: "Infinity" not in json.dumps(value))
objects = st.one_of(
    [
        st.lists(
            st.fixed_dictionaries(
                {"text": text}, optional={"ref": refs, "stars": stars, "more": values}
            ),
            max_size=12,
        )
        for text, refs, stars in (
            (texts, texts | st.integers(0, 99), texts | st.floats(0, 5)),
            (values, values, values),
        )
    ]
)
#: Lines that hold no row, or no object; and some that only look so.
ODD = [
    b"", b" \t", b"\r", b"nonsense", b"[]", b"null", b"7", b'"text"', b"{", b"}", b'{"text": "a"',
    b'{"text": NaN}', b'{"text": "\\ud800"}', b'{"text": "\\ud83d\\ude00"}\r', b'{"text": "\xff"}',
    b"{}", b'{"text": "a"}, {"text": "b"}', b"[" * 5000, b'{"ref": ' + b"9" * 5000 + b"}",
    b'\xef\xbb\xbf{"text": "a"}', b'{"text": "a", "text": "b"}', b"\0",
]  # fmt: skip
lines = st.tuples(objects, st.booleans()).map(
    lambda both: [json.dumps(row, ensure_ascii=both[1]).encode() for row in both[0]]
)
contents = st.tuples(lines, st.lists(st.sampled_from(ODD), max_size=4)).flatmap(
    lambda both: st.permutations([*both[0], *both[1]])
)


def one_by_one(content: bytes, chars: int, first_row: int, limit: int) -> Rows:
    """What `ObjectsLayout.read` must do, for each line by itself."""
    rows, number = Rows(), first_row
    for line in content.split(b"\n"):
        if not line.strip(b" \t\r"):
            continue
        number += 1
        error, row = None, {}
        if len(line) > limit:
            error = f"the line has more than {limit:,} bytes"
        else:
            try:
                row = json_lines.parse_line(line)
            except ValueError as problem:
                error = str(problem)
        ref = row.get("ref")
        rows.add(
            str(number) if ref is None else ref_text(ref),
            [row.get("text")],
            ReadOptions(chars, limit),
            error,
            [cell_text(row.get("stars"))],
        )
    return rows


def read(content: bytes, chars: int, first_row: int, limit: int = LIMIT) -> Rows:
    return LAYOUT.read(content, first_row=first_row, options=ReadOptions(chars, limit))


@given(contents, st.sampled_from([2, 1000]), st.integers(0, 9), st.sampled_from([30, LIMIT]))
def test_a_part_is_read_as_line_by_line(
    found: list[bytes], chars: int, first_row: int, limit: int
) -> None:
    """Good and bad lines, whatever the fields hold: each is a row in its place."""
    content = b"\n".join(found)
    assert read(content, chars, first_row, limit) == one_by_one(content, chars, first_row, limit)


@given(values)
def test_a_value_is_carried_as_its_json(value: object) -> None:
    """Numbers of any size and nested values are carried exactly; null is an empty cell."""
    line = json.dumps({"text": "a", "ref": value, "stars": value}).encode()
    rows = read(line + b"\n" + line, 9, 0)
    assert rows.extras == [[cell_text(value)] * 2]
    assert rows.refs == (["1", "2"] if value is None else [ref_text(value)] * 2)


@given(contents, st.integers(1, 5), st.integers(1, 60), st.sampled_from([1, 7, 64, 1000]))
def test_lines_are_cut_wherever_a_block_ends(
    found: list[bytes], rows_per_part: int, row_bytes: int, block: int
) -> None:
    """The parts together are the rows of the whole; cutting can resume after any of them."""
    content = b"\n".join(found)
    whole = one_by_one(content, LIMIT, 0, LIMIT)

    def cut_after(after: Part | None) -> list[Part]:
        file = io.BytesIO(content)
        file.seek(after.end if after else 0)
        options = {"rows_per_part": rows_per_part, "max_record_bytes": LIMIT}
        return list(LAYOUT.cut(file, after=after, **options))  # type: ignore[arg-type]

    with (
        mock.patch.object(json_lines, "BLOCK_BYTES", block),
        mock.patch.object(parts, "USUAL_ROW_BYTES", row_bytes),
    ):
        cuts = cut_after(None)
        for at, part in enumerate(cuts):
            assert cut_after(part) == cuts[at + 1 :]
    rows = Rows()
    for part in cuts:
        read_part = read(content[part.offset : part.end], LIMIT, part.first_row)
        assert len(read_part) == part.rows <= rows_per_part
        rows.extend(read_part)
    assert rows == whole or not whole.refs


def test_a_line_of_any_length_takes_little_memory() -> None:
    """A line longer than a row may be is an error in its row, and is never read whole."""
    limit = 1000
    long = b'{"text": "' + b"x" * 50_000 + b'"}\n'
    content = b'{"text": "a"}\n' * 3 + long + b'{"text": "b"}\n'

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size <= 64
            return super().read(size)

    with (
        mock.patch.object(json_lines, "BLOCK_BYTES", 64),
        mock.patch.object(parts, "MAX_PART_BYTES", 100),
    ):
        cuts = list(
            LAYOUT.cut(Watched(content), rows_per_part=9, after=None, max_record_bytes=limit)
        )
        errors: list[str | None] = []
        for part in cuts:
            length = part.readable_bytes(limit)
            assert length <= 100 + limit + 1
            piece = content[part.offset : part.offset + length]
            errors += read(piece, LIMIT, part.first_row, limit).errors
    assert errors == [None] * 3 + ["the line has more than 1,000 bytes", None]


def test_ordinary_lines_are_read_at_once() -> None:
    """Texts, refs and numbers of the expected types are not parsed one by one."""
    content = b'{"text": "a", "ref": 7, "stars": 4.5}\n{"ref": "x", "text": " ", "stars": null}\n'
    with mock.patch.object(json_lines, "parse_line", side_effect=AssertionError):
        rows = read(content, 9, 0)
    assert (rows.refs, rows.extras) == (["7", "x"], [["4.5", ""]])
    assert rows.errors == [None, "the text is empty"]


def test_the_ends_of_lines() -> None:
    """Blank lines are not rows, and the last line needs no line break."""
    for block in (1, 2, 3, 100):
        with mock.patch.object(json_lines, "BLOCK_BYTES", block):
            runs = line_ends(io.BytesIO(b"\n{}\n \r\n\t{}\n\n{} "), 10)
            assert [end for run in runs for end in run.find()] == [14, 21, 25]


def upload_of(content: bytes, size: int = 10, limit: int = LIMIT) -> NdjsonUpload:
    upload = NdjsonUpload(limit)
    for at in range(0, len(content), size):
        upload.feed(content[at : at + size])
    return upload


@pytest.mark.parametrize("size", [1, 7, 300_000])
def test_the_first_lines_tell_the_fields(size: int) -> None:
    """All first lines give the fields; a later line that is no object is an error in its row."""
    content = b'\xef\xbb\xbf\n{"text": "a"}\nnonsense\n{"text": "b", "stars": 1, "ref": 7}'
    upload = upload_of(content, size)
    assert upload.finish() == ["text", "stars", "ref"]
    assert upload.layout(InputColumns(("text",)), ("stars",)) == ObjectsLayout(
        start=3, width=3, names=("ref", "text", "stars")
    )
    with pytest.raises(NoSuchColumn, match="found: text, stars, ref"):
        upload.layout(InputColumns(("review",)))


def test_first_lines_that_are_no_objects() -> None:
    """A first line that is no object ends the upload, however its bytes arrive."""
    for content, kind, says in (
        (b"", NoRows, "not one line"),
        (b" \n\r\n\n", NoRows, "not one line"),
        (b"ref,text\n1,a\n", BadFirstLine, "not JSON"),
        (b'[{"text": "a"}]\n', BadFirstLine, "a list"),
        (b'{\n"text": "a"}\n', BadFirstLine, "not JSON"),
        ('{"text": "a"}\n'.encode("utf-16"), BadFirstLine, "not"),
    ):
        with pytest.raises(kind, match=says):
            upload_of(content).finish()
    with pytest.raises(BadFirstLine):
        upload_of(b"nonsense\n" * 40_000, 300_000)


def test_a_first_line_that_does_not_end() -> None:
    """An endless first line is given up at the limit of a row, not at the end of the upload."""
    with pytest.raises(RowTooLong, match="1000000 bytes"):
        upload_of(b"x" * 1_300_000, 100_000, limit=1_000_000)
    with pytest.raises(RowTooLong):
        upload_of(b"x" * 20 + b"\n", limit=10).finish()
