"""The memory that a JSON body may take."""

import json
import tracemalloc

import pytest

from api.requests.limits import check_json_memory
from shared.config.settings import Settings
from shared.errors.service import TooLarge
from shared.tables.stored_rows import read_stored, write_rows

#: The largest JSON body of the default settings.
SIZE = Settings().max_json_bytes


@pytest.mark.parametrize("unit", [b"[", b"{},", b"[],", b"1,", b'"",', b'{"a":', b'{"text":"a"},'])
def test_a_large_body_of_tiny_values_is_refused(unit: bytes) -> None:
    """Parsed, it would take many times its length."""
    with pytest.raises(TooLarge, match="POST /jobs with Content-Type: text/csv"):
        check_json_memory(unit * (SIZE // len(unit)))


def test_a_large_body_of_ordinary_rows_is_accepted() -> None:
    """Texts of a sentence fill the limit of bytes first; so does one long text."""
    row = b'{"ref": 12345, "text": "I am well, thanks. The film was good and I liked it."},'
    check_json_memory(b"[" + row * (SIZE // len(row)) + b"{}]")
    check_json_memory(b'{"text": ["' + b"a" * SIZE + b'"]}')
    check_json_memory(b'{"text":"a"},' * (4 * 2**20 // 13))


def test_writing_rows_takes_little_more_than_the_lines() -> None:
    """The buffer of orjson for one line is a hundred times as long as a short line."""
    rows = [(number, "a text") for number in range(50_000)]
    tracemalloc.start()
    try:
        lines = write_rows(rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(lines)


def test_rows_written_in_several_ways_are_read_as_one() -> None:
    """A block that only `json` can write does not disturb the others."""
    rows = [(None, f"text {number}") for number in range(2500)]
    rows[1200] = (None, "half \ud83d")
    lines = write_rows(rows)
    assert [json.loads(line)[1] for line in lines.splitlines()] == [text for _, text in rows]
    found = read_stored(lines, 0, 100)
    assert found.refs == [str(number) for number in range(1, 2501)]
    assert [error is None for error in found.errors].count(False) == 1
