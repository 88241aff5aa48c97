"""JSON values come back as they were sent: numbers, halves of characters, labels of columns."""

import json
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import problem

from api.uploads.columns import InputColumns
from api.uploads.json_rows import json_rows, parse_json
from shared.errors.input import NotJson
from shared.tables.json_values import parse_value
from shared.tables.stored_rows import json_text

#: Numbers that Python would write in another way.
NUMBERS = ["1.10", "1E5", "1.0", "0.1000000000000000055511151231257827", "1e-7", "-0.0", "0.00001",
           "-0", "12345678901234567890123", "123456789.123456789", "100000000000000000.0",
           "2.50e+3", "7", "9007199254740993", "1.5", "0.0001", "10.05"]  # fmt: skip

TOO_LARGE = ["1e400", "-1e999", "1" + "0" * 400 + ".5"]


def results(service: Service, answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 202, answer.text
    service.work()
    found = service.client.get(f"{answer.location}/results?format=json&limit=1000")
    return list(found.json["rows"])


def lines(service: Service, *objects: str, **options: str) -> Any:
    return service.client.post(
        "/jobs",
        data="\n".join(objects).encode(),
        content_type="application/x-ndjson",
        query_string=options,
    )


def in_json(service: Service, body: str, **options: str) -> Any:
    return service.client.post(
        "/jobs", data=body, content_type="application/json", query_string=options
    )


def test_numbers_are_refs_as_they_were_typed(service: Service) -> None:
    """In JSON (small and large jobs), in lines, as a ref and as a carried column."""
    rows = [f'{{"ref": {one}, "n": {one}, "text": "a"}}' for one in NUMBERS]
    columns = f'{{"ref": [{",".join(NUMBERS)}], "text": {json.dumps(["a"] * len(NUMBERS))}}}'
    for answer in (
        lines(service, *rows, columns="n"),
        in_json(service, f"[{','.join(rows)}]", columns="n"),
        in_json(service, columns),
    ):
        found = results(service, answer)
        assert [row["ref"] for row in found] == NUMBERS
        assert [row.get("n", row["ref"]) for row in found] == NUMBERS
    for one in NUMBERS:
        for answer in (
            lines(service, f'{{"ref": {one}, "text": "a"}}'),
            in_json(service, f'{{"ref": {one}, "text": "a"}}'),
        ):
            assert results(service, answer)[0]["ref"] == one


def test_numbers_within_a_ref(service: Service) -> None:
    """An object or a list as a ref keeps the text of its numbers."""
    ref = '{"a": [1.10, {"b": 1E5}], "c": null}'
    for answer in (
        lines(service, f'{{"ref": {ref}, "text": "a"}}'),
        in_json(service, f'[{{"ref": {ref}, "text": "a"}}]'),
    ):
        assert results(service, answer)[0]["ref"] == ref
    deep = "[" * 900 + "1.10" + "]" * 900
    value = parse_json(deep.encode())
    assert json.loads(json_text(value)) == value


@pytest.mark.parametrize("number", TOO_LARGE)
def test_a_number_that_is_too_large_is_refused(service: Service, number: str) -> None:
    """Python reads it as Infinity, which is not JSON; in lines it is that row's error."""
    for ref in (number, f'{{"a": {number}}}'):
        body = f'[{{"ref": {ref}, "text": "a"}}]'
        problem(in_json(service, body), 400, "not-json")
        answer = service.client.post("/sentiment", data=body, content_type="application/json")
        assert "too large" in problem(answer, 400, "not-json")
        good = '{"ref": 1, "text": "a"}'
        for rows in ([good, body[1:-1], good], [body[1:-1], good], [body[1:-1]]):
            found = results(service, lines(service, *rows))
            assert [row["error"] is None for row in found] == [row is good for row in rows]
            assert "too large" in found[rows.index(body[1:-1])]["error"]


def test_a_number_of_too_many_digits_is_refused() -> None:
    """The message says what to do, and nothing of Python's settings."""
    with pytest.raises(NotJson, match="too many digits; send it as a string"):
        parse_value(b"1" * 5000)


HALVES = ["\\ud83d", "\\ude00", "ok \\ud83d ok", "\\ude00\\ud83d"]


@pytest.mark.parametrize("half", HALVES)
def test_half_of_a_character_in_a_text(service: Service, half: str) -> None:
    """It is the error of its row in every format, in the first row and in others."""
    bad, good = f'{{"ref": "b", "text": "{half}"}}', '{"ref": "g", "text": "fine"}'
    for rows in ([bad, good], [good, bad, good], [bad], [good] * 9 + [bad]):
        for answer in (lines(service, *rows), in_json(service, f"[{','.join(rows)}]")):
            found = results(service, answer)
            assert [row["ref"] for row in found] == [row[9] for row in rows]
            for row in found:
                if row["ref"] == "g":
                    assert row["error"] is None
                else:
                    assert "half of a character (\\ud" in row["error"]
    assert "at position 4" in results(service, lines(service, '{"text": "abc\\ud83d"}'))[0]["error"]
    dry = in_json(service, f"[{good},{bad}]", validate="true").json
    assert dry["looked_at"]["failed"] == 1


def test_half_of_a_character_elsewhere(service: Service) -> None:
    """A ref, a carried value or a name that no answer can hold is refused with its row."""
    good = '{"ref": "g", "n": "n", "text": "fine"}'
    for bad in ('{"ref": "\\ud83d", "text": "a"}', '{"ref": {"a": ["\\ud83d"]}, "text": "a"}'):
        body = f"[{good}, {bad}]"
        assert "row 2" in problem(in_json(service, body), 422, "half-character")
        answer = service.client.post("/sentiment", data=body, content_type="application/json")
        assert "row 2" in problem(answer, 422, "half-character")
        found = results(service, lines(service, good, bad, good))
        assert [row["ref"] for row in found] == ["g", "2", "g"]
        assert "half of a character" in found[1]["error"]
    carried = '{"ref": "b", "n": "\\ud83d", "text": "a"}'
    problem(in_json(service, f"[{good}, {carried}]", columns="n"), 422, "half-character")
    assert len(results(service, in_json(service, f"[{good}, {carried}]"))) == 2
    assert "half" in results(service, lines(service, good, carried, columns="n"))[1]["error"]
    named = '{"\\ud83d": 1, "text": "a"}'
    for options in ({}, {"columns": "all"}, {"validate": "true"}, {"text_column": "x"}):
        problem(in_json(service, f"[{named}]", **options), 422, "half-character")
        problem(lines(service, named, **options), 422, "bad-first-line")
    assert "half" in results(service, lines(service, good, named))[1]["error"]


def test_half_of_a_character_in_a_request_of_v1(service: Service) -> None:
    """A body without rows is refused as a whole."""
    answer = service.client.post(
        "/v1/batches", data='{"input_file_id": "\\ud83d"}', content_type="application/json"
    )
    assert answer.status_code == 400
    assert "half of a character" in answer.json["error"]["message"]


def test_columns_of_pandas_are_paired_by_label(service: Service) -> None:
    """Their order does not matter; labels that differ are refused, by name."""
    body = '{"ref": {"1": "y", "0": "x"}, "text": {"0": "a", "1": "bb"}}'
    found = results(service, in_json(service, body))
    assert [(row["ref"], row["Sentiment_Score"]) for row in found] == [("x", 0.01), ("y", 0.02)]
    for body, said in (
        ('{"ref": {"1": "y"}, "text": {"0": "a"}}', "'0'"),
        ('{"text": {"0": "a", "1": "b"}, "ref": {"0": "x"}}', "'1'"),
        ('{"text": {"0": "a"}, "ref": ["x"]}', "'ref' is a list"),
        ('{"text": ["a"], "ref": {"0": "x"}}', "'text' is a list"),
        ('{"text": {"\\ud83d": "a"}, "ref": {"0": "x"}}', "label"),
    ):
        assert said in problem(in_json(service, body), 422, "unequal-labels")


def test_records_within_records_are_no_columns() -> None:
    """A lone record whose ref is an object is one row."""
    assert json_rows(parse_json(b'[{"ref": {"a": 1}, "text": "a"}]'), InputColumns(("text",))) == [
        ({"a": 1}, "a")
    ]


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a": ', "}"), ('[{"a": ', "}]")])
def test_numbers_are_kept_at_any_depth(begin: str, end: str) -> None:
    """A number far inside a nested value is written as it was sent."""
    text = f"{begin * 450}1.10{end * 450}"
    assert json_text(parse_json(text.encode())) == text


def test_other_values_are_written_as_json_writes_them() -> None:
    """Empty lists and objects, null, booleans and strings with quotes come out as by `json`."""
    text = '{"a": [], "b": {}, "c": [null, true, "\\"\u00e9", 1, 0.5], "": {"d": [[1], [2, 3]]}}'
    assert json_text(parse_json(text.encode())) == text
    compact = json_text(parse_json(text.encode()), item_separator=",", key_separator=":")
    assert compact == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


#: Rows that name a field twice, and texts that only look so.
TWICE = [
    '{"ref": 1, "text": "good", "text": "bad"}',
    '{"ref":1,"text":"good","te\\u0078t":"bad"}',
    '{"ref": 1, "ref" : 2, "text": "good"}',
    '{"ref": 1, "text": "good", "more": {"a": 1, "a" \t: 2}}',
    '{"ref": 1, "text": "good", "a\\\\": 1, "a\\\\": 2}',
    '{"ref" :1, "text": "\\":", "text": "bad"}',
]
ONCE = [
    '{"ref": 1, "text": "\\"ref\\": 1, \\"ref\\" : 2"}',
    '{"ref": 1, "text" : "a", "more": {"text": "b", "ref": [{"ref": 1}, {"ref": 2}]}}',
    '{"ref": 1, "text": "ends in a backslash\\\\", "b\\\\": 1}',
]


@pytest.mark.parametrize("row", TWICE)
def test_a_field_that_is_there_twice_is_no_row(service: Service, row: str) -> None:
    """Parsers take the last one without a word, so nobody knows which of the two was meant.

    In lines it is an error of its row, and of the first line; a JSON body is refused.
    """
    found = results(service, lines(service, *ONCE, row, '{"ref": 9, "text": "last"}'))
    *before, twice, last = found
    assert [one["error"] for one in [*before, last]] == [None] * 4
    assert twice["Sentiment_Score"] is None
    assert "two fields with the name '" in twice["error"]
    assert "two fields" in problem(lines(service, row), 422, "bad-first-line")
    for body in (row, f"[{ONCE[0]}, {row}]"):
        assert "two fields" in problem(in_json(service, body), 400, "not-json")
        answer = service.client.post("/sentiment", data=body, content_type="application/json")
        assert "two fields" in problem(answer, 400, "not-json")


def test_a_column_or_a_label_that_is_there_twice_is_refused(service: Service) -> None:
    """It would lose a column or, in pandas' form, a row."""
    for body in (
        '{"ref": [1], "text": ["good"], "text": ["bad"]}',
        '{"text": {"0": "good", "0": "bad"}}',
    ):
        assert "two fields" in problem(in_json(service, body), 400, "not-json")
