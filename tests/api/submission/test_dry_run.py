"""`validate=true`: a dry run shows what would become of a job, and makes none."""

import gzip
import io
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import refused

from api.submission.job_seconds import START_SECONDS
from shared.fleet import PartRate

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (row, b"z" * (row % 5)) for row in range(20))


def dry(service: Service, content: bytes = CSV, **options: str) -> Any:
    headers = {"Content-Encoding": "gzip"} if content[:2] == b"\x1f\x8b" else {}
    return service.client.post(
        "/jobs",
        data=content,
        content_type="text/csv",
        headers=headers,
        query_string={"validate": "true", **options},
    )


def remains_of(service: Service) -> list[Any]:
    """Return everything that could be left of a job."""
    jobs = service.client.get("/jobs").json["jobs"]
    return [*jobs, *service.blobs.contents, *service.dispatch.messages]


def test_what_would_be_read(service: Service) -> None:
    """It shows the columns, the first rows and the first errors, as the job would have them."""
    answer = dry(service)
    assert answer.status_code == 200, answer.text
    report = answer.json
    assert (report["format"], report["columns"]) == ("csv", ["ref", "text"])
    assert report["model"] == {"name": "length", "version": "000000000001"}
    assert report["first_rows"][1] == {"row": 2, "ref": "1", "text": "z", "error": None}
    assert [row["row"] for row in report["first_rows"]] == [1, 2, 3, 4, 5]
    assert [row["row"] for row in report["first_errors"]] == [1, 6, 11, 16]
    assert report["first_errors"][0]["error"] == "the text is empty"
    assert report["looked_at"] == {"bytes": len(CSV), "rows": 20, "failed": 4, "all": True}
    assert report["detail"] == "This can be a job."
    assert remains_of(service) == []


def test_what_it_would_cost(service: Service) -> None:
    """The estimate uses the measured rates, the number of processes and the limits."""
    service.fleet._processes = 4
    estimate = dry(service).json["estimate"]
    assert estimate["rows"] == 20
    assert (estimate["rows_per_second"], estimate["processes"]) == (10, 4)
    assert estimate["seconds"] == pytest.approx(0.5 + START_SECONDS, abs=0.001)
    assert estimate["share_of_rows"] == pytest.approx(20 / 50_000_000, abs=1e-6)
    service.fleet.leave("all")
    estimate = dry(service).json["estimate"]
    assert (estimate["processes"], estimate["seconds"]) == (0, None)


def test_the_time_is_that_of_whole_parts_once_they_are_known(service: Service) -> None:
    """Longer rows take longer, so a text file is measured by its bytes, other forms by rows."""
    full_name = next(iter(service.fleet.versions()))
    service.fleet.learn_parts(full_name, PartRate(rows=4.0, bytes=8.0))
    estimate = dry(service).json["estimate"]
    rows = len(CSV) - CSV.index(b"\n") - 1
    assert estimate["seconds"] == pytest.approx(rows / 8 + START_SECONDS, rel=0.2)
    body = {"text": ["one", "two"]}
    answer = service.client.post("/jobs?validate=true", json=body).json
    assert answer["estimate"]["seconds"] == pytest.approx(2 / 4 + START_SECONDS)


def test_of_a_long_file_only_the_beginning_is_looked_at(service: Service) -> None:
    """The answer says so, and estimates the rows from the announced length."""
    row = b"%07d,%s\n"
    content = b"ref,text\n" + b"".join(row % (at, b"w" * 50) for at in range(50_000))
    report = dry(service, content).json
    assert report["looked_at"]["all"] is False
    assert report["looked_at"]["rows"] == 1000
    assert report["looked_at"]["bytes"] <= 2**20
    assert "no more" in report["detail"]
    assert report["estimate"]["rows"] == pytest.approx(50_000, rel=0.01)
    packed = dry(service, gzip.compress(content, 1)).json
    assert packed["looked_at"]["all"] is False
    assert packed["estimate"]["rows"] is None
    assert packed["estimate"]["seconds"] is None
    broken = dry(service, content + b'1,"never closed')
    assert broken.status_code == 200
    assert remains_of(service) == []


def test_a_row_that_the_beginning_cuts_off_is_no_error(service: Service) -> None:
    """A quoted text may go on after the beginning that was read; the rows before it are shown."""
    report = dry(service, b'text\nshort\n"line\n' + "\u20ac".encode() * 500_000 + b'"\n').json
    assert report["looked_at"]["all"] is False
    assert [row["text"] for row in report["first_rows"]] == ["short"]
    assert report["first_errors"] == []


@pytest.mark.parametrize("quote", [b"", b'"'])
@pytest.mark.parametrize("later", [b"", b"short\n"])
def test_a_first_row_longer_than_a_preview_is_read_whole(
    service: Service, quote: bytes, later: bytes
) -> None:
    """It is not taken for a row of the length of the preview."""
    euros = "\u20ac".encode() * 500_000
    report = dry(service, b"text\n" + quote + euros + quote + b"\n" + later).json
    errors = [row["error"] for row in report["first_errors"]]
    assert errors == ["the text has 500,000 characters; at most 500 are scored"]


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_row_that_is_too_long_for_any_job_has_its_error(service: Service, quote: bytes) -> None:
    """The dry run shows the error that the row will have, also if the row is the first one."""
    long = quote + b"x" * (2 * 2**20) + quote
    for content, row in ((b"text\n" + long + b"\nshort\n", 1), (b"text\nshort\n" + long, 2)):
        report = dry(service, content).json
        if row == 1:
            assert report["first_errors"] == [
                {"row": 1, "ref": "1", "text": "", "error": "the row has more than 2,097,152 bytes"}
            ]
        else:
            # It is after the beginning that was read.
            assert (report["looked_at"]["rows"], report["first_errors"]) == (1, [])


def test_rows_are_shown_however_many_bytes_they_have(service: Service) -> None:
    """That every row was looked at is said only if every row was."""
    report = dry(service, b"text\n" + (b"x" * 999 + b"\n") * 600).json
    assert report["looked_at"]["rows"] == report["estimate"]["rows"] == 600


@pytest.mark.parametrize(
    ("content_type", "body", "columns"),
    [
        (
            "application/json",
            b'{"ref": [1, 2], "text": ["a", ""], "more": [1, 2]}',
            ["ref", "text", "more"],
        ),
        (
            "application/x-ndjson",
            b'{"ref": 1, "text": "a"}\n{"ref": 2, "text": ""}\n',
            ["ref", "text"],
        ),
        ("text/tab-separated-values", b"ref\ttext\n1\ta\n2\t\n", ["ref", "text"]),
    ],
)
def test_every_format(service: Service, content_type: str, body: bytes, columns: list[str]) -> None:
    """JSON is read whole, NDJSON and TSV from their beginning."""
    answer = service.client.post("/jobs?validate=true", data=body, content_type=content_type)
    assert answer.status_code == 200, answer.text
    report = answer.json
    assert report["columns"] == columns
    assert [row["ref"] for row in report["first_rows"]] == ["1", "2"]
    assert [row["error"] for row in report["first_rows"]] == [None, "the text is empty"]
    assert report["looked_at"] == {"bytes": len(body), "rows": 2, "failed": 1, "all": True}
    assert report["estimate"]["rows"] == 2
    assert remains_of(service) == []


def test_a_form(service: Service) -> None:
    """The file of a form is read with the options of the query."""
    form = {"file": (io.BytesIO(b"id,review\n7,four\n"), "rows.csv")}
    answer = service.client.post(
        "/jobs", data=form, query_string={"validate": "true", "text_column": "review"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json["first_rows"] == [{"row": 1, "ref": "1", "text": "four", "error": None}]


@pytest.mark.parametrize(
    ("content", "options", "status", "code"),
    [
        (b"nothing\n1\n", {}, 422, "no-such-column"),
        (b"text\n\xff\xfe\n", {}, 422, "not-text"),
        (b"text\n", {}, 422, "no-rows"),
        (CSV, {"model": "none"}, 422, "unknown-model"),
        (CSV, {"on_error": "stop"}, 400, "bad-option"),
        (CSV, {"speed": "high"}, 400, "unknown-option"),
        (b'text\n"open\n', {}, 422, "open-quote"),
    ],
)
def test_what_cannot_be_a_job(
    service: Service, content: bytes, options: dict[str, str], status: int, code: str
) -> None:
    """The dry run is refused as the job would be."""
    refused(service, dry(service, content, **options), status, code)


def test_a_typing_mistake_makes_no_job(service: Service) -> None:
    """A wrong value of `validate`, or a `validate` in a form, is refused."""
    answer = service.submit(CSV, validate="yes")
    refused(service, answer, 400, "bad-option")
    form = {"file": (io.BytesIO(CSV), "rows.csv"), "validate": "true"}
    answer = service.client.post("/jobs", data=form)
    assert "query" in refused(service, answer, 400, "bad-option")
    assert service.submit(CSV, validate="false").status_code == 202
