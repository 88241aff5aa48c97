"""Jobs that are deleted or expire after a request has read their record, but not yet their rows."""

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import problem

from shared.errors.service import JobNotFound
from shared.jobs.state import State

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (row, b"x" * (row % 50 + 1)) for row in range(40))

PATHS = [
    f"{path}{separator}format={form}"
    for path, separator, forms in (
        ("results", "?", ("csv", "ndjson", "json", "parquet")),
        ("results?partial=true", "&", ("csv", "ndjson", "json")),
        ("errors", "?", ("csv", "ndjson", "json")),
    )
    for form in forms
] + ["summary", "results?offset=1&format=json", "results?partial=true&cursor=1"]


def delete(service: Service, job_id: str) -> None:
    """Delete a job as `DELETE /jobs/<id>` does."""
    spec = service.store.get(job_id).spec
    service.blobs.delete(spec.manifest_key)
    service.store.delete(job_id)
    service.blobs.delete(spec.folder)


def expire(service: Service, job_id: str) -> None:
    """Let a job expire as the sweep does."""
    spec = service.store.get(job_id).spec
    assert service.store.move(job_id, State.EXPIRED)
    service.store._records[job_id].result = b""
    service.store._records[job_id].parts.clear()
    service.store._records[job_id].done.clear()
    service.blobs.delete(spec.folder)


def after_call(target: Any, name: str, action: Callable[[], None], calls: int = 1) -> None:
    """Run `action` right after a call of a method: the `calls`th call from now on."""
    real, left = getattr(target, name), [calls]

    def call(*args: Any) -> Any:
        result = real(*args)
        left[0] -= 1
        if not left[0]:
            action()
        return result

    setattr(target, name, call)


def submit(service: Service, kind: str, **options: str) -> str:
    """Run a job in which one row gets an error; its id."""
    if kind == "small":
        rows = {"text": ["good", "", "better"]}
        accepted = service.client.post("/jobs", json=rows, query_string=options)
    else:
        accepted = service.submit(CSV + b"bad,\n", **options)
    service.work()
    return str(accepted.json["id"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["bulk", "small"])
@pytest.mark.parametrize(
    ("remove", "status", "code"),
    [(delete, 404, "job-not-found"), (expire, 410, "job-expired")],
)
def test_a_job_that_is_removed_after_its_record_was_read(
    service: Service, path: str, kind: str, remove: Any, status: int, code: str
) -> None:
    """Every path and format answers as if the job had been removed before the request."""
    job_id = submit(service, kind)
    after_call(service.store, "get", lambda: remove(service, job_id))
    problem(service.client.get(f"/jobs/{job_id}/{path}"), status, code)


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=300-"}])
@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
def test_a_job_that_is_deleted_after_its_length_was_read(
    service: Service, own_format: str, headers: dict[str, str]
) -> None:
    """The answer is a 404, as nothing was sent yet."""
    job_id = submit(service, "bulk", format=own_format)
    sizes = 1 if own_format == "parquet" else service.store.get(job_id).parts
    after_call(service.blobs, "size", lambda: delete(service, job_id), sizes)
    answer = service.client.get(f"/jobs/{job_id}/results", headers=headers)
    problem(answer, 404, "job-not-found")


def test_a_job_that_is_deleted_while_its_rows_are_sent(service: Service) -> None:
    """The download breaks off, and a request for the rest gets a 404."""
    job_id = submit(service, "bulk")
    parts, remove = service.store.get(job_id).parts, partial(delete, service, job_id)
    after_call(service.blobs, "size", lambda: after_call(service.blobs, "read", remove), parts)
    answer = service.client.get(f"/jobs/{job_id}/results")
    assert answer.status_code == 200
    with pytest.raises(JobNotFound):
        _ = answer.data
    rest = service.client.get(f"/jobs/{job_id}/results", headers={"Range": "bytes=100-"})
    problem(rest, 404, "job-not-found")


def test_a_job_that_is_deleted_while_a_request_waits_for_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request with `Prefer: wait` gets a 404 if the job is deleted as soon as it has ended."""

    def delete_job() -> None:
        [job] = service.store.list_jobs(1)
        delete(service, job.spec.id)

    def end(_: str, seconds: float) -> bool:
        assert seconds
        service.work()
        after_call(service.store, "get", delete_job)
        return True

    monkeypatch.setattr(service.store, "wait", end)
    waiting = {"Prefer": "wait=1"}
    answer = service.client.post("/jobs", json={"text": ["good"]}, headers=waiting)
    problem(answer, 404, "job-not-found")


@pytest.mark.parametrize("which", ["", "-output", "-errors"])
def test_a_file_that_is_deleted_after_its_record_was_read(service: Service, which: str) -> None:
    """A file of `/v1`, uploaded or written by a batch, gets a 404 in the shape of `/v1`."""
    lines = [
        {"custom_id": f"r{n}", "method": "POST", "url": "/v1/sentiment", "body": {"input": text}}
        for n, text in enumerate(["good", ""])
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    form = {"purpose": "batch", "file": (io.BytesIO(content), "r.jsonl")}
    file_id = service.client.post("/v1/files", data=form).json["id"]
    batch = {"input_file_id": file_id, "endpoint": "/v1/sentiment", "completion_window": "24h"}
    created = service.client.post("/v1/batches", json=batch).json
    service.work()
    if which:
        job_id = created["id"].removeprefix("batch_")
        after_call(service.store, "get", lambda: delete(service, job_id))
        file_id = f"file-{job_id}{which}"
    else:
        key = next(key for key in service.blobs.contents if file_id[5:] in key)
        folder = key.rpartition("/")[0] + "/"
        after_call(service.blobs, "read", lambda: service.blobs.delete(folder))
    answer = service.client.get(f"/v1/files/{file_id}/content")
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "no_such_file"
    assert service.client.get(f"/v1/files/{file_id}/content").status_code == 404


def test_a_missing_part_of_a_job_that_exists(service: Service) -> None:
    """The answer is a 500 that names its rows: the client did nothing wrong."""
    job_id = submit(service, "bulk")
    service.blobs.delete(service.store.get(job_id).spec.result_key(0))
    answer = service.client.get(f"/jobs/{job_id}/results")
    assert "rows 1 to " in problem(answer, 500, "results-damaged")
