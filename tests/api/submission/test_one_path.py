"""A dry run accepts, refuses and reads a request exactly as the job would."""

import pytest
from support.both_ways import FORMATS, ROWS, compare, encode, send
from support.in_memory import Service

WAYS = ["body", "packed", "query", "before", "after"]

#: Every format in every way, but for two ways with Parquet: each dry run of it takes a process.
CASES = [
    (kind, way)
    for kind in FORMATS
    for way in WAYS
    if kind != "parquet" or way not in ("packed", "query")
]


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
