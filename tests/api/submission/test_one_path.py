"""A dry run accepts, refuses and reads a request exactly as the job would."""

import gzip
import io
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service

from api.security.keys import new_key
from shared.config.settings import Settings

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
WAYS = ["body", "packed", "query", "before", "after"]

#: Every format in every way, but for two ways with Parquet: each dry run of it takes a process.
CASES = [
    (kind, way)
    for kind in FORMATS
    for way in WAYS
    if kind != "parquet" or way not in ("packed", "query")
]


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


@pytest.mark.parametrize(("kind", "way"), CASES)
@pytest.mark.parametrize(
    "options",
    [
        {"text_column": "review", "ref_column": "id", "columns": "stars"},
        {"ref_column": "stars", "columns": "all", "model": "length", "on_error": "fail"},
    ],
    ids=lambda options: "+".join(options) or "none",
)
def test_the_rows_are_shown_as_the_job_reads_them(
    service: Service, kind: str, way: str, options: dict[str, str]
) -> None:
    """The dry run shows the refs and the errors of the job's results, wherever options stand."""
    dry, job = compare(service, kind, way, encode(kind, ROWS), options)
    assert job.status_code == 202, job.text
    tolerant = {**options, "on_error": "skip"}
    service.work()
    if options.get("on_error") == "fail":
        job = send(service, kind, way, encode(kind, ROWS), tolerant, dry=False)
        service.work()
    rows = service.client.get(f"{job.location}/results?format=json").json["rows"]
    shown = [(row["ref"], row["error"]) for row in dry.json["first_rows"]]
    assert shown == [(row["ref"], row["error"]) for row in rows[:5]]
    assert dry.json["looked_at"]["rows"] == len(rows)
    assert dry.json["model"] == job.json["model"]


BAD_OPTIONS: list[dict[str, str]] = [
    {"text_column": "nope"},
    {"ref_column": "nope"},
    {"columns": "nope"},
    {"columns": "all", "ref_column": "stars", "text_column": "id", "model": "nope"},
    {"columns": '"open'},
    {"model": "nope"},
    {"model": ""},
    {"on_error": "stop"},
    {"label": "no-colon"},
    {"retention_seconds": "1"},
    {"callback_url": "https://example.org/"},
    {"format": "xml"},
    {"charset": "klingon"},
    {"charset": "utf-16"},
    {"delimiter": ";"},
    {"delimiter": ";;"},
    {"speed": "high"},
    {"model": "nope", "text_column": "nope", "on_error": "stop"},
]


@pytest.mark.parametrize(("kind", "way"), CASES)
def test_options_are_refused_alike(service: Service, kind: str, way: str) -> None:
    """A bad option gives the same problem, with the same words, also when there are several."""
    for options in BAD_OPTIONS:
        _, job = compare(service, kind, way, encode(kind, ROWS), options)
        assert job.status_code in (400, 422), (options, job.text)
        compare(service, kind, way, b"\xff\xfe nothing", options)


BAD_CONTENT = [
    b"",
    b"text\n",
    b"text,text\na,b\n",
    b"text\n\xff\n",
    b"text\na \xc3",
    b'"open\n',
    b"{",
    b"[]",
    b"3",
    b'{"text": []}',
    b'{"text": ["a"], "ref": [1, 2]}',
    b"\n[1]\n",
    b"PAR1",
    b"PAR1 and no more PAR1",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\n" * 3000,
]


@pytest.mark.parametrize(("kind", "way"), CASES)
def test_content_is_refused_alike(service: Service, kind: str, way: str) -> None:
    """Content that cannot be a job gives the same problem, with the same words."""
    for content in BAD_CONTENT:
        compare(service, kind, way, content, {})


def limited(settings: Settings, **limits: Any) -> Service:
    return make_service(settings.model_copy(update=limits))


@pytest.mark.parametrize("way", ["body", "after"])
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("limits", "options"),
    [
        ({"max_upload_bytes": 60}, {}),
        ({"max_json_bytes": 60}, {}),
        ({"max_columns": 2}, {"columns": "all"}),
        ({"max_rows": 5}, {}),
        ({"max_waiting_rows": 5}, {}),
    ],
    ids="+".join,
)
def test_limits_are_the_same(
    settings: Settings, kind: str, way: str, limits: dict[str, int], options: dict[str, str]
) -> None:
    """Of bytes, columns, rows and waiting rows; a text file's rows are counted by the job later."""
    service = limited(settings, **limits)
    compare(service, kind, way, encode(kind, ROWS), options)


@pytest.mark.parametrize("way", ["body", "after"])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_full_service_refuses_both(settings: Settings, kind: str, way: str) -> None:
    """Too many waiting jobs, or small jobs: a dry run says so, as the job would be refused."""
    service = limited(settings, max_waiting_jobs=1, max_waiting_small=1)
    service.submit(encode("csv", ROWS))
    service.client.post("/jobs", json={"text": ["a"]})
    _, job = compare(service, kind, way, encode(kind, ROWS), {})
    assert job.status_code == 503
    compare(service, kind, way, encode(kind, ROWS), {"model": "nope"})


def test_the_share_of_an_owner_holds_for_both(settings: Settings) -> None:
    """An owner with too many waiting jobs is told so by a dry run."""
    alice, line = new_key("alice", "submit,read")
    service = limited(settings, owner_waiting_jobs=1, api_keys=SecretStr(line))
    headers = {"Authorization": f"Bearer {alice}"}
    content = encode("csv", ROWS)
    for status in (202, 429):
        _, job = compare(service, "csv", "after", content, {}, headers)
        assert job.status_code == status


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_options_after_a_long_file_count(service: Service, kind: str) -> None:
    """A form is read to its end, whatever its length, and its rows are estimated by that."""
    rows = [{"id": f"{at:06}", "review": "z" * 50} for at in range(20_000)]
    content = encode(kind, rows)
    assert 2**20 < len(content) < 2**21
    options = {"text_column": "review", "ref_column": "id"}
    dry, _ = compare(service, kind, "after", content, options)
    assert [row["ref"] for row in dry.json["first_rows"]] == ["000000", "000001", "000002",
                                                              "000003", "000004"]  # fmt: skip
    assert dry.json["looked_at"]["all"] is False
    assert dry.json["looked_at"]["bytes"] <= 2**20
    assert dry.json["estimate"]["rows"] == pytest.approx(20_000, rel=0.01)
    for bad in ({"text_column": "nope"}, {**options, "model": "nope"}, {"validate": "yes"}):
        _, job = compare(service, kind, "after", content, bad)
        assert job.status_code in (400, 422)


def test_a_long_form_over_a_limit_is_refused(settings: Settings) -> None:
    """Bytes are counted to the end of the file, and rows are estimated from all of them."""
    content = encode("csv", [{"text": "z" * 50} for _ in range(40_000)])
    body = form("csv", content, {}, {})
    for limits, status in (
        ({"max_upload_bytes": len(content) - 1}, 413),
        ({"max_waiting_rows": 30_000}, 503),
    ):
        service = limited(settings, **limits)
        for query in ("?validate=true", ""):
            answer = service.client.post(
                f"/jobs{query}",
                input_stream=io.BytesIO(body),
                content_type="multipart/form-data; boundary=b",
                environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
            )
            assert answer.status_code == status, answer.text
    service = limited(settings, max_waiting_rows=30_000)
    _, job = compare(service, "csv", "body", content, {})
    assert job.status_code == 503


@pytest.mark.parametrize("way", ["body", "before"])
def test_a_long_file_in_another_charset_is_not_refused_for_its_length(
    settings: Settings, way: str
) -> None:
    """UTF-16 has twice the bytes: they are not taken for twice the rows."""
    service = limited(settings, max_waiting_rows=50_000)
    content = ("text\n" + "z" * 40 + "\n" + ("z" * 40 + "\n") * 40_000).encode("utf-16")
    _, job = compare(service, "csv", way, content, {"charset": "utf-16"})
    assert job.status_code == 202


@pytest.mark.parametrize("way", ["body", "query"])
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ndjson", b'{"text": "%s"}\n{"text": "b"}\n' % (b"y" * (2**20 + 2**18))),
        ("csv", b"text," + b"c" * (2**20 - 10) + b"\na,b\nc,d\n"),
        ("csv", b"text\n" + b"\n" * (2**20 + 5) + b"a\n"),
        ("csv", b"text\n" + "\u20ac".encode() * 2**19 + b"\n" + b"b\n" * 2**19 + b"\xff"),
    ],
    ids=["long line", "long header", "blank lines", "cut character"],
)
def test_a_first_row_after_the_usual_beginning(
    service: Service, way: str, kind: str, content: bytes
) -> None:
    """A dry run reads on until it has the columns and a row, and no further."""
    dry = send(service, kind, way, content, {}, dry=True)
    assert dry.status_code == 200, dry.text


def test_validate_in_a_form_is_for_the_query(service: Service) -> None:
    """In a form it may come after the file, too late for a dry run: no job is made of it."""
    for way in ("before", "after"):
        job = send(service, "csv", way, encode("csv", ROWS), {"validate": "true"}, dry=False)
        assert (job.status_code, "query" in job.json["detail"]) == (400, True)
        dry = send(service, "csv", way, encode("csv", ROWS), {"validate": "true"}, dry=True)
        assert dry.status_code == 200
