"""The memory that a JSON body may take."""

import json
import tracemalloc
from contextlib import suppress

import pytest

from api.requests.json_memory import memory_for
from api.uploads.columns import InputColumns
from api.uploads.json_rows import decode_body, json_rows, parse_text
from shared.config.settings import Settings
from shared.errors.input import BadInput, NotJson
from shared.tables.rows import ReadOptions
from shared.tables.stored_rows import read_stored, write_rows

#: The largest JSON body of the default settings.
SIZE = Settings().max_json_bytes


LIMIT = Settings().body_memory_bytes

ROW = b'{"ref": 12345, "text": "I am well, thanks. The film was good and I liked it."},'


@pytest.mark.parametrize(
    "unit",
    [
        b"[",
        b"{},",
        b"[],",
        b"1,",
        b'"",',
        b'{"a":',
        b'{"text":"a"},',
        b'"\\u0000",',
        b"1.10,",
        b'"\\":",',
    ],
)
def test_a_large_body_of_tiny_values_is_refused(unit: bytes) -> None:
    """Parsed, it would take many times its length."""
    assert memory_for(b"[" + unit * (SIZE // len(unit))) > LIMIT


def test_a_large_body_of_ordinary_rows_is_accepted() -> None:
    """Texts of a sentence fill the limit of bytes first; so does one long text."""
    assert memory_for(b"[" + ROW * (SIZE // len(ROW)) + b"{}]") <= LIMIT
    assert memory_for(b'{"text": ["' + b"a" * SIZE + b'"]}') <= LIMIT


@pytest.mark.parametrize(
    "body",
    [
        b"[" + (ROW * 10_000)[:-1] + b"]",
        b'[{"text":"a"}' + b',{"text":"a"}' * 50_000 + b"]",
        b'{"text":["a"' + b',"a"' * 100_000 + b"]}",
        b"{" + b",".join(b'"name%d":1' % number for number in range(50_000)) + b"}",
        b"[" + b"1.10," * 100_000 + b"1]",
        b'{"text":["' + b"a" * 1_000_000 + "\U0001f600".encode() + b'"]}',
        b'{"text":["' + b"a" * 1_000_000 + b'\\ud83d\\ude00"]}',
        json.dumps(json.dumps([{"text": "a short text"}] * 20_000)).encode(),
        ("[" + '{"text": "good"},' * 20_000 + "{}]").encode("utf-16"),
    ],
)
def test_the_estimate_holds(body: bytes) -> None:
    """Decoding and parsing a body takes no more memory than was estimated."""
    tracemalloc.start()
    try:
        text = decode_body(body)
        value = parse_text(text)
        _, peak = tracemalloc.get_traced_memory()
        with suppress(BadInput):
            # By then the text is gone.
            del text
            tracemalloc.reset_peak()
            json_rows(value, InputColumns(("text",)))
        _, with_rows = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(peak, with_rows) < 1.1 * memory_for(body)


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
    found = read_stored(lines, 0, ReadOptions(100, 100))
    assert found.refs == [str(number) for number in range(1, 2501)]
    assert [error is None for error in found.errors].count(False) == 1


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_only_texts_with_wide_characters_take_more(*, ensure_ascii: bool) -> None:
    """A text with an emoji takes four bytes for a character; the others are not counted so."""
    texts = ["a text of some length"] * 50_000
    plain = json.dumps(texts).encode()
    few = json.dumps([*texts, 'an emoji after a "quote": \U0001f600'], ensure_ascii=ensure_ascii)
    text = len(texts) * 25 * (1 if ensure_ascii else 4)
    assert memory_for(few.encode()) < memory_for(plain) + text + 100_000
    all_of_them = json.dumps([f"{text} \U0001f600" for text in texts], ensure_ascii=ensure_ascii)
    assert memory_for(all_of_them.encode()) > memory_for(few.encode()) + 2 * len(plain)


def test_a_number_that_is_too_long() -> None:
    """It is refused, as an integer of so many digits is."""
    for number in ("1." + "1" * 5000, "0." + "0" * 5000 + "1", "1" * 5000):
        with pytest.raises(NotJson, match="digits"):
            parse_text(f'{{"text": ["a"], "ref": [{number}]}}')
