"""A dry run of the beginning of a file (`total_bytes`) estimates the whole file."""

import gzip
import io
import json
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import refused

TEXTS = [f"text {number:06}; a caf\u00e9 \u20ac" for number in range(40_000)]


def csv(charset: str = "utf-8") -> bytes:
    rows = "".join(f'{number:06},"{text}"\n' for number, text in enumerate(TEXTS))
    return f"ref,text\n{rows}".encode(charset)


def dry(service: Service, content: bytes, *, form: bool = False, **options: Any) -> Any:
    query = {"validate": "true", **options}
    if form:
        data = {"file": (io.BytesIO(content), "a.csv")}
        return service.client.post("/jobs", data=data, query_string=query)
    headers = {"Content-Encoding": "gzip"} if content[:2] == b"\x1f\x8b" else {}
    return service.client.post(
        "/jobs", data=content, content_type="text/csv", headers=headers, query_string=query
    )


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("cut", [100_003, 100_004, 400_001])
def test_the_estimate_is_of_the_whole_file(
    service: Service, form: bool, charset: str, packed: bool, cut: int
) -> None:
    """Also if it is cut off in a character, a row or a gzip, which is no error."""
    content = csv(charset)
    if packed:
        content = gzip.compress(content, 1)
        cut //= 8
    options = {} if charset == "utf-8" else {"charset": charset}
    answer = dry(service, content[:cut], form=form, total_bytes=len(content), **options)
    assert answer.status_code == 200, answer.text
    found = answer.json
    assert found["estimate"]["rows"] == pytest.approx(40_000, rel=0.02 if not packed else 0.25)
    looked_at = found["looked_at"]
    assert (looked_at["all"], looked_at["failed"], found["first_errors"]) == (False, 0, [])
    assert found["first_rows"][0]["text"] == TEXTS[0]


def test_a_whole_file_is_read_to_its_end(service: Service) -> None:
    """If it is as long as `total_bytes` says, a row that is not closed is an error."""
    content = b'text\none\n"two'
    assert dry(service, content, total_bytes=len(content) + 1).status_code == 200
    refused(service, dry(service, content, total_bytes=len(content)), 422, "open-quote")
    found = dry(service, b"text\none\ntwo", total_bytes=12).json
    assert (found["looked_at"]["all"], found["looked_at"]["rows"]) == (True, 2)


def test_the_first_row_may_be_cut_off(service: Service) -> None:
    """Its beginning is shown."""
    found = dry(service, "text\none \u20ac".encode()[:-1], total_bytes=1000).json
    assert found["first_rows"] == [{"row": 1, "ref": "1", "text": "one ", "error": None}]


def test_quotes_of_a_tab_separated_file_may_be_open(service: Service) -> None:
    """A quote that opens near the end of the beginning may close in the rest."""
    content = b'ref\ttext\n1\t"one"\n2\t"two\nlines\n'
    for total, status in ((len(content) + 9, 200), (len(content), 422)):
        answer = dry(service, content, total_bytes=total, delimiter="tab")
        assert answer.status_code == status, answer.text


def test_lines_of_json(service: Service) -> None:
    """The last object may be cut off."""
    line = json.dumps({"text": "one"}).encode() + b"\n"
    answer = service.client.post(
        f"/jobs?validate=true&total_bytes={len(line) * 1000}",
        data=line * 10 + line[:5],
        content_type="application/x-ndjson",
    )
    assert answer.status_code == 200, answer.text
    assert answer.json["looked_at"]["rows"] == 10
    assert answer.json["estimate"]["rows"] == pytest.approx(1000, rel=0.1)


@pytest.mark.parametrize("total", ["0", "-1", "x", "3"])
def test_a_number_that_cannot_be(service: Service, total: str) -> None:
    """It must be a number of bytes, not smaller than what was sent."""
    assert "total_bytes" in refused(
        service, dry(service, csv()[:1000], total_bytes=total), 400, "bad-option"
    )


def test_the_limits_are_those_of_the_whole_file(service: Service) -> None:
    """A file that is too long is refused, although its beginning is short."""
    answer = dry(service, b"text\none\n", total_bytes=10**15)
    refused(service, answer, 413, "too-large")


@pytest.mark.parametrize("option", ["total_bytes", "guess"])
def test_only_a_dry_run_has_these_options(service: Service, option: str) -> None:
    """A job with one is refused, in the query and in a form, with what to do."""
    value = {"guess": "true", "total_bytes": "1000"}[option]
    answer = service.submit(b"text\none\n", **{option: value})
    assert "validate=true" in refused(service, answer, 400, "bad-option")
    data = {option: value, "file": (io.BytesIO(b"text\none\n"), "a.csv")}
    refused(service, service.client.post("/jobs", data=data), 400, "bad-option")
    data = {option: value, "file": (io.BytesIO(b"text\none\n"), "a.csv")}
    answer = service.client.post("/jobs?validate=true", data=data)
    assert "in the query" in refused(service, answer, 400, "bad-option")


def test_files_that_are_read_whole(service: Service) -> None:
    """Of JSON and Parquet the beginning says nothing, so it is refused."""
    for kind in ("application/json", "application/vnd.apache.parquet"):
        answer = service.client.post(
            "/jobs?validate=true&total_bytes=100", data=b"[]", content_type=kind
        )
        assert "read whole" in refused(service, answer, 400, "bad-option")
