"""A job may be deleted, or expire, between the look at its record and the look at its rows."""

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import problem

from shared.errors.service import JobNotFound
from shared.jobs.job import State

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (at, b"x" * (at % 50 + 1)) for at in range(40))

WAYS = [
    f"{way}{sep}format={form}"
    for way, sep, forms in (
        ("results", "?", ("csv", "ndjson", "json", "parquet")),
        ("results?partial=true", "&", ("csv", "ndjson", "json")),
        ("errors", "?", ("csv", "ndjson", "json")),
    )
    for form in forms
] + ["summary", "results?offset=1&format=json", "results?partial=true&cursor=1"]


def delete(service: Service, job_id: str) -> None:
    """As `DELETE /jobs/<id>` does it."""
    spec = service.store.get(job_id).spec
    service.blobs.delete(spec.manifest_key)
    service.store.delete(job_id)
    service.blobs.delete(spec.folder)


def expire(service: Service, job_id: str) -> None:
    """As the sweep does it."""
    spec = service.store.get(job_id).spec
    assert service.store.move(job_id, State.EXPIRED)
    service.store._records[job_id].result = b""
    service.store._records[job_id].parts.clear()
    service.store._records[job_id].done.clear()
    service.blobs.delete(spec.folder)


def when(target: Any, name: str, then: Callable[[], None], calls: int = 1) -> None:
    """Have something happen right behind a call of a method, the `calls`th from now on."""
    real, left = getattr(target, name), [calls]

    def call(*args: Any) -> Any:
        found = real(*args)
        left[0] -= 1
        if not left[0]:
            then()
        return found

    setattr(target, name, call)


def submit(service: Service, kind: str, **options: str) -> str:
    """The id of a job that has succeeded, with a row that has an error."""
    if kind == "small":
        rows = {"text": ["good", "", "better"]}
        accepted = service.client.post("/jobs", json=rows, query_string=options)
    else:
        accepted = service.submit(CSV + b"bad,\n", **options)
    service.work()
    return str(accepted.json["id"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["bulk", "small"])
@pytest.mark.parametrize(
    ("goes", "status", "code"),
    [(delete, 404, "job-not-found"), (expire, 410, "job-expired")],
)
def test_a_job_that_goes_behind_its_record(
    service: Service, way: str, kind: str, goes: Any, status: int, code: str
) -> None:
    """Whatever is asked for, in whatever format: it is answered as if the job had gone before."""
    job_id = submit(service, kind)
    when(service.store, "get", lambda: goes(service, job_id))
    problem(service.client.get(f"/jobs/{job_id}/{way}"), status, code)


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=300-"}])
@pytest.mark.parametrize("kept", ["csv", "ndjson", "parquet"])
def test_a_job_that_goes_behind_its_length(
    service: Service, kept: str, headers: dict[str, str]
) -> None:
    """Where the length is known already, and nothing is sent yet, it is still a 404."""
    job_id = submit(service, "bulk", format=kept)
    sizes = 1 if kept == "parquet" else service.store.get(job_id).parts
    when(service.blobs, "size", lambda: delete(service, job_id), sizes)
    answer = service.client.get(f"/jobs/{job_id}/results", headers=headers)
    problem(answer, 404, "job-not-found")


def test_a_job_that_goes_while_its_rows_are_sent(service: Service) -> None:
    """What was begun breaks off, and who wants the rest is told that the job is gone."""
    job_id = submit(service, "bulk")
    parts, gone = service.store.get(job_id).parts, partial(delete, service, job_id)
    when(service.blobs, "size", lambda: when(service.blobs, "read", gone), parts)
    answer = service.client.get(f"/jobs/{job_id}/results")
    assert answer.status_code == 200
    with pytest.raises(JobNotFound):
        _ = answer.data
    rest = service.client.get(f"/jobs/{job_id}/results", headers={"Range": "bytes=100-"})
    problem(rest, 404, "job-not-found")


def test_a_result_that_waits_for_its_end(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Prefer: wait` gives the rows at the job's end, and a 404 where it is deleted just then."""

    def gone() -> None:
        [job] = service.store.list_jobs(1)
        delete(service, job.spec.id)

    def end(_: str, seconds: float) -> bool:
        assert seconds
        service.work()
        when(service.store, "get", gone)
        return True

    monkeypatch.setattr(service.store, "wait", end)
    waiting = {"Prefer": "wait=1"}
    answer = service.client.post("/jobs", json={"text": ["good"]}, headers=waiting)
    problem(answer, 404, "job-not-found")


@pytest.mark.parametrize("which", ["", "-output", "-errors"])
def test_a_file_that_goes_behind_its_record(service: Service, which: str) -> None:
    """A file of `/v1`, sent or made, is gone likewise."""
    lines = [
        {"custom_id": f"r{at}", "method": "POST", "url": "/v1/sentiment", "body": {"input": text}}
        for at, text in enumerate(["good", ""])
    ]
    sent = "\n".join(map(json.dumps, lines)).encode()
    form = {"purpose": "batch", "file": (io.BytesIO(sent), "r.jsonl")}
    file_id = service.client.post("/v1/files", data=form).json["id"]
    batch = {"input_file_id": file_id, "endpoint": "/v1/sentiment", "completion_window": "24h"}
    made = service.client.post("/v1/batches", json=batch).json
    service.work()
    if which:
        job_id = made["id"].removeprefix("batch_")
        when(service.store, "get", lambda: delete(service, job_id))
        file_id = f"file-{job_id}{which}"
    else:
        key = next(key for key in service.blobs.contents if file_id[5:] in key)
        folder = key.rpartition("/")[0] + "/"
        when(service.blobs, "read", lambda: service.blobs.delete(folder))
    answer = service.client.get(f"/v1/files/{file_id}/content")
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "no_such_file"
    assert service.client.get(f"/v1/files/{file_id}/content").status_code == 404


def test_what_is_missing_of_a_job_that_is_there(service: Service) -> None:
    """A part that somebody took away is no fault of the client's."""
    job_id = submit(service, "bulk")
    service.blobs.delete(service.store.get(job_id).spec.result_key(0))
    problem(service.client.get(f"/jobs/{job_id}/results"), 500, "internal-error")
