"""Uploads of lines of JSON objects: rows, errors of rows, and what is refused whole."""

from typing import Any

from support.in_memory import Service
from support.problems import refused


def send_lines(service: Service, content: bytes, **options: str) -> Any:
    return service.client.post(
        "/jobs", data=content, content_type="application/x-ndjson", query_string=options
    )


def test_bad_lines_are_errors_in_their_rows(service: Service) -> None:
    """After a good first line, nothing fails the job; blank lines are not rows."""
    long = b'{"text": "' + b"x" * 3 * 2**20 + b'"}'
    lines = [
        b'{"id": 1, "review": "good"}',
        b"nonsense",
        b"[1]",
        b"",
        b'{"id": 4}',
        b'{"review": 5}',
        b'{"review": "\xff"}',
        long,
        b'{"id": null, "review": "fine"}',
    ]
    answer = send_lines(service, b"\r\n".join(lines), text_column="review", ref_column="id")
    rows = service.rows_of(answer)
    assert [row["ref"] for row in rows] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    errors = [row["error"] for row in rows]
    assert errors[0] is errors[7] is None
    assert errors[1].startswith("the line is not JSON: ")
    assert errors[2] == "the line is not a JSON object but a list"
    assert errors[3] == "the text is missing"
    assert errors[4] == "the text is not a string but 5"
    assert errors[5].startswith("the line is not JSON: ")
    assert errors[6] == "the line has more than 2,097,152 bytes"


def test_lines_that_are_refused_whole(service: Service) -> None:
    """There is no job if the first line is not an object, or if no object has the text."""
    for content, code, expected in (
        (b"ref,text\n1,a\n", "bad-first-line", "one object a line"),
        (b'[{"text": "a"}]', "bad-first-line", "a list"),
        (b'{"review": "a", "stars": 1}\n', "no-such-column", "found: review, stars"),
        (b" \n", "no-rows", "not one line"),
        (b'{"text": "' + b"x" * 3 * 2**20, "row-too-long", "Row 1"),
    ):
        assert expected in refused(service, send_lines(service, content), 422, code)
