"""Sends a request as a dry run and as a job, and compares what becomes of both."""

import gzip
import io
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from support.in_memory import Service

#: More rows than a small job may have; one has no text, and `stars` can be carried.
ROWS = [
    {"id": f"i{at}", "review": "z" * (at % 4), "text": "other", "stars": str(at)} for at in range(9)
]
FORMATS = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "ndjson": "application/x-ndjson",
    "json": "application/json",
    "small": "application/json",
    "parquet": "application/vnd.apache.parquet",
}


def encode(kind: str, rows: list[dict[str, str]]) -> bytes:
    """Write rows in a format of `FORMATS`."""
    if kind in ("csv", "tsv"):
        lines = [list(rows[0]), *[list(row.values()) for row in rows]]
        delimiter = "," if kind == "csv" else "\t"
        return "".join(delimiter.join(line) + "\n" for line in lines).encode()
    if kind == "ndjson":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if kind == "parquet":
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), file)
        return file.getvalue()
    return json.dumps(rows[:4] if kind == "small" else rows).encode()


def form(kind: str, content: bytes, before: Mapping[str, str], after: Mapping[str, str]) -> bytes:
    """Write a form whose fields stand before and after its file."""

    def fields(options: Mapping[str, str]) -> bytes:
        head = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        return "".join(head.format(name, value) for name, value in options.items()).encode()

    head = '--b\r\nContent-Disposition: form-data; name="file"; filename="rows"\r\n'
    head += f"Content-Type: {FORMATS[kind]}\r\n\r\n"
    return fields(before) + head.encode() + content + b"\r\n" + fields(after) + b"--b--\r\n"


def send(
    service: Service,
    kind: str,
    way: str,
    content: bytes,
    options: Mapping[str, str],
    *,
    dry: bool,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Send content in a format, as a body or in a form, with its options in one of the `WAYS`."""
    query = {"validate": "true"} if dry else {}
    sent: dict[str, Any] = {"data": content, "content_type": FORMATS[kind]}
    all_headers = dict(headers or {})
    if way in ("body", "packed"):
        query |= options
        if way == "packed":
            sent["data"] = gzip.compress(content)
            all_headers["Content-Encoding"] = "gzip"
    else:
        if way == "query":
            query |= options
        before, after = ({} if way != one else options for one in ("before", "after"))
        sent["data"] = form(kind, content, before, after)
        sent["content_type"] = "multipart/form-data; boundary=b"
    return service.client.post("/jobs", query_string=query, headers=all_headers, **sent)


def verdict(answer: Any) -> tuple[str, str] | None:
    """The kind and the detail of a refusal; None if the request was accepted."""
    if answer.status_code in (200, 202):
        return None
    return answer.json["type"], answer.json["detail"]


def compare(
    service: Service,
    kind: str,
    way: str,
    content: bytes,
    options: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
) -> tuple[Any, Any]:
    """Check that the dry run and the job of a request have one verdict; return both answers."""
    stored, messages = dict(service.blobs.contents), list(service.dispatch.messages)
    jobs = service.store._records.copy()
    dry = send(service, kind, way, content, options, dry=True, headers=headers)
    assert service.blobs.contents == stored
    assert list(service.dispatch.messages) == messages
    assert service.store._records == jobs
    job = send(service, kind, way, content, options, dry=False, headers=headers)
    assert dry.status_code == (200 if job.status_code == 202 else job.status_code), dry.text
    assert verdict(dry) == verdict(job)
    return dry, job
