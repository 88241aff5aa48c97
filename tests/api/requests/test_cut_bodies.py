"""A body that ends before its announced length, or whose chunks are malformed, is never accepted.

The streams here end as those of gunicorn do: a short body with an empty read, as a whole one does.
"""

import gzip
import io
import logging
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize, NoMoreData
from pyarrow import parquet
from support.in_memory import Service
from support.problems import problem

CSV = b"ref,text\n" + b"".join(b"%d,a text\n" % row for row in range(50))
LINES = b"".join(b'{"ref": %d, "text": "a"}\n' % row for row in range(50))
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def parquet_file() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table({"text": ["a", "b"]}), file)
    return file.getvalue()


def form(content: bytes, name: str, **fields: str) -> bytes:
    texts = [
        f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return b"".join([*texts, head.encode(), content, b"\r\n--b--\r\n"])


FORM = "multipart/form-data; boundary=b"

#: Each door: its address, the content type, further headers and a body that it accepts.
DOORS: dict[str, tuple[str, str, dict[str, str], bytes]] = {
    "csv": ("/jobs", "text/csv", {}, CSV),
    "tsv": ("/jobs", "text/tab-separated-values", {}, CSV.replace(b",", b"\t")),
    "latin-1": ("/jobs?charset=latin-1", "text/csv", {}, CSV),
    "ndjson": ("/jobs", "application/x-ndjson", {}, LINES),
    "json": ("/jobs", "application/json", {}, b'{"text": ["a"]}' + b" " * 40),
    "parquet": ("/jobs", "application/vnd.apache.parquet", {}, parquet_file()),
    "gzip": ("/jobs", "text/csv", {"Content-Encoding": "gzip"}, gzip.compress(CSV)),
    "form": ("/jobs", FORM, {}, form(CSV, "a.csv")),
    "form-gzip": ("/jobs", FORM, {}, form(gzip.compress(CSV), "a.csv.gz")),
    "form-json": ("/jobs", FORM, {}, form(b'{"text": ["a"]}', "a.json")),
    "dry": ("/jobs?validate=true", "text/csv", {}, CSV),
    "dry-form": ("/jobs?validate=true", FORM, {}, form(CSV, "a.csv")),
    "sentiment": ("/sentiment", "application/json", {}, b'{"text": ["a"]}' + b" " * 40),
    "v1-file": ("/v1/files", FORM, {}, form(LINES, "a.jsonl", purpose="batch")),
    "v1-batch": ("/v1/batches", "application/json", {}, b'{"input_file_id": "file-1"}'),
}


class Stream:
    """A body as gunicorn gives it: some bytes, then the end, or an error."""

    def __init__(self, content: bytes, error: Exception | None = None) -> None:
        self._content = io.BytesIO(content)
        self._error = error

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        if not chunk and self._error:
            error, self._error = self._error, None
            raise error
        return chunk


def send(service: Service, door: str, stream: Stream, announced: int | None, **headers: str) -> Any:
    address, content_type, more, _ = DOORS[door]
    environ: dict[str, Any] = {
        "CONTENT_TYPE": content_type,
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
    }
    if announced is None:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ["CONTENT_LENGTH"] = str(announced)
    return service.client.post(
        address,
        headers={**more, **KEY, **headers},
        environ_overrides=environ,
    )


def kept(service: Service) -> list[str]:
    """What is stored of any request: jobs, files and blobs."""
    jobs = [job["id"] for job in service.client.get("/jobs").json["jobs"]]
    files = [file["id"] for file in service.client.get("/v1/files").json["data"]]
    return [*jobs, *files, *service.blobs.contents]


def refused(answer: Any, door: str, code: str) -> str:
    if not DOORS[door][0].startswith("/v1/"):
        return problem(answer, 400, code)
    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, code.replace("-", "_"))
    return str(error["message"])


def cuts(door: str) -> Iterator[int]:
    """Nothing sent, the middle, the last whole line, all but one byte."""
    body = DOORS[door][3]
    return iter([0, len(body) // 2, body.rindex(b"\n", 0, -1) + 1 if b"\n" in body else 1])


@pytest.mark.parametrize("door", DOORS)
def test_fewer_bytes_than_announced(
    service: Service, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Every door refuses the body, keeps nothing of it, and logs no error."""
    body = DOORS[door][3]
    for cut in {*cuts(door), len(body) - 1}:
        answer = send(service, door, Stream(body[:cut]), len(body))
        said = refused(answer, door, "body-cut-off")
        assert f"{cut:,} of {len(body):,} bytes" in said
        assert kept(service) == []
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("door", DOORS)
def test_a_whole_file_before_an_end_that_is_missing(service: Service, door: str) -> None:
    """A body that could be read, but is shorter than announced, is refused too."""
    body = DOORS[door][3]
    refused(send(service, door, Stream(body), len(body) + 1), door, "body-cut-off")
    assert kept(service) == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoMoreData(), "body-cut-off"),
        (ConnectionResetError(), "body-cut-off"),
        (TimeoutError(), "body-cut-off"),
        (InvalidChunkSize(b"a secret"), "bad-chunked-body"),
        (ChunkMissingTerminator(b"a secret"), "bad-chunked-body"),
    ],
)
def test_chunks_that_end_early_or_are_malformed(
    service: Service, door: str, error: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Gunicorn's next read would be empty: it is not taken for the end of the body."""
    body = DOORS[door][3]
    refused(send(service, door, Stream(body, error), None), door, code)
    assert kept(service) == []
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
    assert "secret" not in caplog.text


@pytest.mark.parametrize("door", ["csv", "ndjson", "json", "parquet", "gzip", "form"])
def test_the_repeated_request_makes_the_one_job(service: Service, door: str) -> None:
    """The key is free at once; the repeat is no replay, and a third request is one."""
    body = DOORS[door][3]
    refused(send(service, door, Stream(body[:-9]), len(body)), door, "body-cut-off")
    again = send(service, door, Stream(body), len(body))
    assert again.status_code == 202, again.text
    assert "Idempotency-Replayed" not in again.headers
    # A repeat of the repeat that is cut off is refused, and does not harm the job.
    refused(send(service, door, Stream(body[:-9]), len(body)), door, "body-cut-off")
    third = send(service, door, Stream(body), None)
    assert third.location == again.location
    assert third.headers["Idempotency-Replayed"] == "true"
    assert len(service.client.get("/jobs").json["jobs"]) == 1


def test_a_dry_run_reads_on_to_the_end(service: Service) -> None:
    """A dry run that has read enough for its preview still notices that the rest is missing."""
    body = CSV * 3000
    answer = send(service, "dry", Stream(body[:-1]), len(body))
    assert "bytes" in refused(answer, "dry", "body-cut-off")
    assert send(service, "dry", Stream(body), len(body)).status_code == 200


def test_a_refused_body_that_is_cut_off_keeps_its_reason(service: Service) -> None:
    """What was wrong before the end is what the answer says."""
    head = b"nothing,else\n1,2\n"
    answer = send(service, "csv", Stream(head, InvalidChunkSize(b"x")), None)
    assert answer.status_code in (400, 422)
    answer = send(service, "csv", Stream(CSV * 2 + b"\xff\xfe", NoMoreData()), None)
    assert "UTF-8" in problem(answer, 422, "not-text")
