"""`validate=true` with a Parquet file: it is read in a child process, and nothing is kept."""

import gzip
import io
import random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.in_memory import Service
from support.problems import problem, refused
from werkzeug.exceptions import ClientDisconnected

from api.submission import preview
from api.submission.job_seconds import START_SECONDS

PARQUET = "application/vnd.apache.parquet"


def parquet(rows: int = 20, **options: Any) -> bytes:
    """Write a Parquet file in which every fifth text is empty, and one is null."""
    texts: list[str | None] = ["z" * (at % 5) for at in range(rows)]
    texts[7] = None
    table = pa.table({"id": list(range(rows)), "review": texts, "stars": [0.5] * rows})
    return write(table, **options)


def write(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def dry(service: Service, content: bytes, headers: Any = None, **options: str) -> Any:
    named = {"validate": "true", "text_column": "review", "ref_column": "id", **options}
    return service.client.post(
        "/jobs", data=content, content_type=PARQUET, query_string=named, headers=headers
    )


def nothing_is_kept(service: Service) -> bool:
    jobs = service.client.get("/jobs").json["jobs"]
    return not (jobs or service.blobs.contents or service.dispatch.messages)


def test_what_would_be_read(service: Service) -> None:
    """The dry run shows the columns, the first rows and errors, and the exact number of rows."""
    content = parquet()
    answer = dry(service, content, columns="stars")
    assert answer.status_code == 200, answer.text
    report = answer.json
    assert (report["format"], report["columns"]) == ("parquet", ["id", "review", "stars"])
    assert report["first_rows"][1] == {"row": 2, "ref": "1", "text": "z", "error": None}
    assert [row["row"] for row in report["first_rows"]] == [1, 2, 3, 4, 5]
    assert [(row["row"], row["error"]) for row in report["first_errors"]][:3] == [
        (1, "the text is empty"),
        (6, "the text is empty"),
        (8, "the text is missing"),
    ]
    assert report["looked_at"] == {"bytes": len(content), "rows": 20, "failed": 5, "all": True}
    assert report["estimate"]["rows"] == 20
    assert report["estimate"]["seconds"] == pytest.approx(2 + START_SECONDS, abs=0.001)
    assert report["detail"] == "This can be a job."
    assert nothing_is_kept(service)


def test_the_rows_are_as_the_job_has_them(service: Service) -> None:
    """A missing ref becomes the row's number, and a value that is no text an error."""
    table = pa.table({"text": pa.array([1, None, 3])})
    sent = {"data": write(table), "content_type": PARQUET}
    answer = service.client.post("/jobs?validate=true", **sent)
    accepted = service.client.post("/jobs", **sent)
    assert answer.status_code == 200, answer.text
    service.work()
    rows = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    shown = [(row["ref"], row["error"]) for row in answer.json["first_rows"]]
    assert shown == [(row["ref"], row["error"]) for row in rows]


def test_of_a_long_file_the_first_rows_are_looked_at(service: Service) -> None:
    """The first 1,000 rows are read; all rows are counted from the footer."""
    report = dry(service, parquet(30_000, row_group_size=700)).json
    assert (report["looked_at"]["rows"], report["looked_at"]["all"]) == (1000, False)
    assert report["estimate"]["rows"] == 30_000
    assert report["detail"].endswith("Of 30,000 rows the first 1,000 were looked at, no more.")
    assert nothing_is_kept(service)


def test_a_packed_file_and_a_form(service: Service) -> None:
    """The file may be packed with gzip, or be in a form whose options are fields."""
    content = parquet()
    packed = dry(service, gzip.compress(content), {"Content-Encoding": "gzip"})
    form = {"text_column": "review", "file": (io.BytesIO(content), "rows.parquet")}
    formed = service.client.post("/jobs?validate=true", data=form)
    for answer in (packed, formed):
        assert answer.status_code == 200, answer.text
        assert answer.json["estimate"]["rows"] == 20
    assert nothing_is_kept(service)


def test_long_texts_make_fewer_rows(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """With long texts fewer rows are shown; the file is accepted."""
    monkeypatch.setattr(preview, "PREVIEW_BYTES", 2000)
    table = pa.table({"id": list(range(9)), "review": ["y" * 400] * 9})
    answer = dry(service, write(table))
    assert answer.status_code == 200, answer.text
    assert answer.json["looked_at"]["rows"] == 4
    assert answer.json["estimate"]["rows"] == 9


def test_a_huge_text_takes_no_memory_of_the_service(service: Service) -> None:
    """A small file may unpack to very long texts: it can be a job, and its rows are not shown."""
    bomb = write(pa.table({"id": [1], "review": ["x" * 100_000_000]}), compression="zstd")
    assert len(bomb) < 2**20
    answer = dry(service, bomb)
    assert answer.status_code == 200, answer.text
    assert answer.json["looked_at"]["rows"] == 0
    assert answer.json["estimate"]["rows"] == 1
    assert nothing_is_kept(service)


def test_what_cannot_be_a_job(service: Service) -> None:
    """The file is refused as the job would be, and also if its pages cannot be read."""
    refused(service, dry(service, parquet(), text_column="nope"), 422, "no-such-column")
    refused(service, dry(service, parquet(), columns="nope"), 422, "no-such-column")
    refused(service, dry(service, parquet(), delimiter=";"), 400, "bad-option")
    refused(service, dry(service, parquet()[:-3]), 422, "bad-parquet")
    refused(service, dry(service, b"id,review\n1,a\n"), 422, "bad-parquet")
    empty = write(pa.table({"id": pa.array([], pa.int64()), "review": pa.array([], pa.string())}))
    refused(service, dry(service, empty), 422, "no-rows")
    broken = bytearray(parquet(2000, compression="none"))
    broken[4:400] = b"\xff" * 396
    refused(service, dry(service, bytes(broken)), 422, "bad-parquet")


def test_the_limits_of_a_job(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits on bytes and rows are those of a job."""
    huge = service.client.post(
        "/jobs?validate=true",
        data=b"PAR1",
        content_type=PARQUET,
        environ_overrides={"CONTENT_LENGTH": str(2**33)},
    )
    assert huge.status_code == 413
    settings = service.app.extensions["scorelane"].settings
    monkeypatch.setitem(settings.__dict__, "max_rows", 19)
    refused(service, dry(service, parquet()), 413, "too-large")


def test_an_upload_that_breaks_off_leaves_nothing(service: Service) -> None:
    """The part of the file that was stored is deleted."""

    class Body:
        def read(self, _size: int = -1) -> bytes:
            pieces.append(b"PAR1")
            if len(pieces) > 3:
                raise ClientDisconnected
            return pieces[-1]

    pieces: list[bytes] = []
    streamed = {"wsgi.input": Body(), "wsgi.input_terminated": True}
    answer = service.client.post(
        "/jobs?validate=true", content_type=PARQUET, environ_overrides=streamed
    )
    assert answer.status_code == 400
    assert nothing_is_kept(service)


@pytest.mark.parametrize("seed", range(4))
def test_a_corrupted_file_does_no_harm(service: Service, seed: int) -> None:
    """With random bytes changed, the file is read or refused, and nothing of it is kept."""
    chance, content = random.Random(seed), bytearray(parquet(200))  # noqa: S311  nothing is secret
    for _ in range(chance.randrange(1, 9)):
        content[chance.randrange(4, len(content) - 8)] = chance.randrange(256)
    answer = dry(service, bytes(content))
    if answer.status_code != 200:
        problem(answer, 422, answer.json["type"].rpartition(":")[2])
    assert nothing_is_kept(service)
