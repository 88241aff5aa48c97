"""Results in every format, whatever format the job stores them in."""

import csv
import io
import json
import subprocess
import sys
from typing import Any

import pyarrow.parquet
import pytest
from support.in_memory import Service

from shared.jobs.result_names import MEDIA_TYPES

ROWS = [("007", "good"), ("=1+1", "b,tt\u00e9r"), ("", ""), ('a"b\n', "x" * 40), ("-5", " ")] * 5
SCORE = "Sentiment_Score"
FORMATS = ["csv", "ndjson", "parquet"]


def upload() -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("ref", "text"), *ROWS])
    return text.getvalue().encode()


@pytest.fixture(params=[(form, kind) for form in FORMATS for kind in ("bulk", "small")])
def job(request: pytest.FixtureRequest, service: Service) -> tuple[str, str]:
    """A finished job of each format and kind: its own format, and the path of its results."""
    own_format, kind = request.param
    if kind == "bulk":
        accepted = service.submit(upload(), format=own_format)
    else:
        records = [{"ref": ref, "text": text} for ref, text in ROWS[:5]]
        accepted = service.client.post("/jobs", json=records, query_string={"format": own_format})
    assert accepted.status_code == 202, accepted.text
    service.work()
    return own_format, f"{accepted.location}/results"


def expected(service: Service, url: str) -> list[dict[str, Any]]:
    page = service.client.get(f"{url}?format=json").json
    assert page["next_offset"] is None
    return list(page["rows"])


def read(content: bytes, kind: str) -> list[dict[str, Any]]:
    """The rows of a result file, read without Scorelane's code."""
    if kind == "parquet":
        return list(pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist())
    if kind == "ndjson":
        return [json.loads(line) for line in content.decode().split("\n")[:-1]]
    found = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [
        {
            "ref": row["ref"].removeprefix("'"),
            SCORE: float(row[SCORE]) if row[SCORE] else None,
            "error": row["error"] or None,
        }
        for row in found
    ]


@pytest.mark.parametrize("wanted", FORMATS)
def test_every_format_of_every_job(service: Service, job: tuple[str, str], wanted: str) -> None:
    """Every format has the job's rows in order; the file's name has model, day and job."""
    _, url = job
    rows = expected(service, url)
    assert [row["ref"] for row in rows] == [ref for ref, _ in ROWS[: len(rows)]]
    assert [row["error"] is None for row in rows[:5]] == [True, True, False, True, False]
    for answer in (
        service.client.get(url, query_string={"format": wanted}),
        service.client.get(url, headers={"Accept": MEDIA_TYPES[wanted]}),  # type: ignore[index]
    ):
        assert answer.status_code == 200
        assert answer.mimetype == MEDIA_TYPES[wanted]  # type: ignore[index]
        assert read(answer.data, wanted) == rows
        assert answer.headers["Vary"] == "Accept"
        job_id = url.split("/")[2]
        day = service.client.get(f"/jobs/{job_id}").json["created_at"][:10]
        name = f"length-{day}-{job_id}.{wanted}"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_the_default_is_the_format_of_the_job(service: Service, job: tuple[str, str]) -> None:
    """A request that names no format gets the job's own, with a length and with ranges."""
    own_format, url = job
    for accept in (None, "*/*", "text/html, */*;q=0.8"):
        answer = service.client.get(url, headers={"Accept": accept} if accept else {})
        assert answer.mimetype == MEDIA_TYPES[own_format]  # type: ignore[index]
        assert int(answer.headers["Content-Length"]) == len(answer.data)
        assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_range_of_the_own_format(service: Service, job: tuple[str, str]) -> None:
    """A download in the job's own format can be continued at any byte while the ETag matches."""
    _, url = job
    whole = service.client.get(url)
    for begin in (0, 1, len(whole.data) // 2, len(whole.data) - 1):
        headers = {"Range": f"bytes={begin}-", "If-Range": whole.headers["ETag"]}
        rest = service.client.get(url, headers=headers)
        assert (rest.status_code, rest.data) == (206, whole.data[begin:])
    other = service.client.get(url, headers={"Range": "bytes=1-", "If-Range": '"other"'})
    assert (other.status_code, other.data) == (200, whole.data)


def test_no_range_of_another_format(service: Service, job: tuple[str, str]) -> None:
    """Converted results are sent whole, or as a 304 if the client has them already."""
    own_format, url = job
    wanted = "csv" if own_format != "csv" else "ndjson"
    answer = service.client.get(f"{url}?format={wanted}", headers={"Range": "bytes=3-"})
    assert answer.status_code == 200
    assert "Accept-Ranges" not in answer.headers
    same = {"If-None-Match": answer.headers["ETag"]}
    assert service.client.get(f"{url}?format={wanted}", headers=same).status_code == 304
    # An ETag belongs to one format: that of the CSV does not match the NDJSON.
    assert service.client.get(url, headers=same).status_code == 200


def test_a_formula_is_escaped_for_spreadsheets_alone(service: Service) -> None:
    """In CSV a `'` is put before a cell that looks like a formula; other formats keep the cell."""
    url = f"{service.submit(upload()).location}/results"
    service.work()
    assert b"\n'=1+1,0" in service.client.get(url).data
    assert b'{"ref":"=1+1",' in service.client.get(f"{url}?format=ndjson").data
    content = service.client.get(f"{url}?format=parquet").data
    assert read(content, "parquet")[1]["ref"] == "=1+1"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "json"),
        ("text/*", "csv"),
        ("text/csv; charset=utf-8", "csv"),
        ("text/csv;q=0.5, application/x-ndjson;q=0.6", "ndjson"),
        ("application/vnd.apache.parquet, */*;q=0.1", "parquet"),
        ("text/csv;q=0, */*", "json"),
        ("", "csv"),
    ],
)
def test_accept_decides_the_format(service: Service, accept: str, kind: str) -> None:
    """The client's preferences come first; among equal ones the job's own format does."""
    url = f"{service.submit(upload()).location}/results"
    service.work()
    answer = service.client.get(url, headers={"Accept": accept})
    assert answer.mimetype == MEDIA_TYPES[kind]  # type: ignore[index]


def test_unknown_formats_are_refused(service: Service) -> None:
    """The error names the formats that there are."""
    url = f"{service.submit(upload()).location}/results"
    service.work()
    answer = service.client.get(url, headers={"Accept": "text/html, image/*"})
    assert (answer.status_code, answer.json["type"]) == (
        406,
        "urn:scorelane:problem:not-acceptable",
    )
    assert "application/x-ndjson" in answer.json["detail"]
    assert "text/html, image/*" in answer.json["detail"]
    answer = service.client.get(f"{url}?format=xlsx")
    assert (answer.status_code, answer.json["type"]) == (400, "urn:scorelane:problem:bad-option")
    assert "csv, json, ndjson, parquet" in answer.json["detail"]
    answer = service.submit(upload(), format="json")
    assert (answer.status_code, answer.json["type"]) == (400, "urn:scorelane:problem:bad-option")
    assert "csv, ndjson, parquet" in answer.json["detail"]
    assert service.client.post("/sentiment?format=csv", json={"text": ["a"]}).status_code == 400


def test_a_page_of_a_job_in_any_format(service: Service, job: tuple[str, str]) -> None:
    """Pages of JSON can begin and end at any row, whatever the format of the parts is."""
    _, url = job
    rows = expected(service, url)
    for offset in range(len(rows) + 1):
        for limit in (1, 2, 7):
            query = {"format": "json", "offset": offset, "limit": limit}
            page = service.client.get(url, query_string=query).json
            assert page["rows"] == rows[offset : offset + limit]
            end = offset + limit
            assert page["next_offset"] == (end if end < len(rows) else None)


def test_pyarrow_is_not_imported_at_the_start() -> None:
    """The API imports pyarrow at the first request for Parquet, as it costs memory."""
    code = "import sys, api.app, api.results.available; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("own_format", FORMATS)
def test_a_retry_keeps_the_format(service: Service, own_format: str) -> None:
    """A retry reuses the parts that are done, in the job's format, and scores the rest in it."""
    url = service.submit(upload(), format=own_format).location
    for _ in range(3):
        service.step()
    service.client.post(f"{url}/cancel")
    service.work()
    done = sum(service.model.calls)
    again = service.client.post(f"{url}/retry")
    assert again.status_code == 202, again.text
    service.work()
    assert 0 < done < sum(service.model.calls) == 15
    answer = service.client.get(f"{again.location}/results")
    assert answer.mimetype == MEDIA_TYPES[own_format]  # type: ignore[index]
    assert read(answer.data, own_format) == expected(service, f"{again.location}/results")
