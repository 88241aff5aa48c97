"""The formats of uploads, as a body and in a form: each gives the same rows."""

import gzip
import io

import pytest
from support.in_memory import Service
from support.problems import refused
from support.uploads import check, ndjson, parquet, table
from werkzeug.test import EnvironBuilder

from api.requests.body import READ_BYTES


@pytest.mark.parametrize(
    ("delimiter", "name"),
    [
        (";", ";"),
        (";", "semicolon"),
        ("\t", "tab"),
        ("\t", "\t"),
        ("\t", r"\t"),
        ("|", "pipe"),
        (" ", "space"),
        ("^", "^"),
        (",", "comma"),
    ],
)
def test_a_csv_with_any_delimiter(service: Service, delimiter: str, name: str) -> None:
    """The option `delimiter` is the character itself, or its name."""
    check(service, service.submit(table(delimiter).encode(), delimiter=name))


@pytest.mark.parametrize("value", ["", ";;", '"', "\n", "\0", "\u00b7", "tabs"])
def test_malformed_delimiters(service: Service, value: str) -> None:
    """A delimiter that could be part of a cell is refused."""
    answer = service.submit(table().encode(), delimiter=value)
    assert "delimiter=" in refused(service, answer, 400, "bad-option")


def test_tabs_by_content_type(service: Service) -> None:
    """A TSV has tabs, unless the option names another delimiter."""
    for delimiter, query in (("\t", ""), (";", "?delimiter=%3B")):
        answer = service.client.post(
            f"/jobs{query}",
            data=table(delimiter).encode(),
            content_type="text/tab-separated-values",
        )
        check(service, answer)


def test_another_delimiter_is_guessed_for_the_message_only(service: Service) -> None:
    """A file with semicolons is refused, and the error names the option."""
    detail = refused(service, service.submit(table(";").encode()), 422, "no-such-column")
    assert "delimiter=" in detail
    assert "';'" in detail


@pytest.mark.parametrize(
    "charset", ["latin-1", "cp1252", "utf-16", "UTF-8", "utf-32-be", "mac-roman"]
)
@pytest.mark.parametrize("way", ["content type", "option"])
def test_a_csv_in_any_charset(service: Service, charset: str, way: str) -> None:
    """The content type or an option names the charset."""
    kind = f"text/csv; charset={charset}" if way == "content type" else "text/csv"
    query = {} if way == "content type" else {"charset": charset}
    content = table().encode(charset)
    check(
        service,
        service.client.post("/jobs", data=content, content_type=kind, query_string=query),
    )


def test_an_option_overrides_a_content_type(service: Service) -> None:
    """A user chooses the option; a program may have added the content type's charset."""
    answer = service.client.post(
        "/jobs?charset=utf-16",
        data=table().encode("utf-16"),
        content_type="text/csv; charset=ascii",
    )
    check(service, answer)


def test_an_unknown_charset(service: Service) -> None:
    """Also a Python codec that is not for text."""
    for charset in ("klingon", "zlib", "a\0b"):
        answer = service.submit(table().encode(), charset=charset)
        assert "cp1252" in refused(service, answer, 422, "unknown-charset")


def test_a_byte_that_is_not_of_the_charset(service: Service) -> None:
    """The error has its offset, and nothing is kept."""
    answer = service.submit(b"text\nbad\x81\n", charset="cp1252")
    assert "not cp1252: byte 8 (0x81)" in refused(service, answer, 422, "not-text")
    answer = service.submit(b"text\nbad\xe9\n")
    assert "the option charset" in refused(service, answer, 422, "not-text")


COLUMNS = '{"ref": [7, "eight", 9], "text": ["four", "a, quoted; text", "caf\u00e9"]}'
PIPES = {"delimiter": "pipe", "charset": "cp1252"}
FILES = [
    ("reviews.csv", "", table().encode(), {}),
    ("reviews.CSV.GZ", "", gzip.compress(table().encode()), {}),
    ("reviews", "", table().encode(), {}),
    ("reviews.xls", "application/vnd.ms-excel", table(";").encode(), {"delimiter": ";"}),
    ("reviews.tsv", "", table("\t").encode(), {}),
    ("reviews.tab.gz", "application/gzip", gzip.compress(table("\t").encode()), {}),
    ("reviews.txt", "text/tab-separated-values", table("\t").encode(), {}),
    ("r.csv", "text/csv; charset=utf-16", table().encode("utf-16"), {}),
    ("r.csv.gz", "", gzip.compress(table("|").encode("cp1252")), PIPES),
    ("reviews.json", "", COLUMNS.encode(), {}),
    ("reviews.jsonl", "", ndjson(), {}),
    ("reviews.ndjson.gz", "", gzip.compress(ndjson()), {}),
    ("reviews", "application/x-ndjson", ndjson(), {}),
    ("reviews.parquet", "", parquet(), {}),
    ("reviews.parquet.gz", "", gzip.compress(parquet()), {}),
    ("parquet-by-its-type", "application/vnd.apache.parquet", parquet(), {}),
    ("r.json.gz", "", gzip.compress(COLUMNS.encode("latin-1")), {"charset": "latin-1"}),
]


@pytest.mark.parametrize(
    ("name", "kind", "content", "options"), FILES, ids=[name for name, *_ in FILES]
)
def test_a_file_in_a_form(
    service: Service, name: str, kind: str, content: bytes, options: dict[str, str]
) -> None:
    """Its content type or its name decides its format, and its first bytes whether it is packed."""
    file = (io.BytesIO(content), name, kind or "application/octet-stream")
    check(service, service.client.post("/jobs", data={**options, "file": file}))


@pytest.mark.parametrize(
    ("name", "kind", "content", "options"), FILES, ids=[name for name, *_ in FILES]
)
def test_a_form_that_is_packed_as_a_whole(
    service: Service, name: str, kind: str, content: bytes, options: dict[str, str]
) -> None:
    """`Content-Encoding: gzip` concerns the body, whether the file in it is packed or not."""
    file = (io.BytesIO(content), name, kind or "application/octet-stream")
    form = EnvironBuilder(method="POST", data={**options, "file": file}).get_environ()
    answer = service.client.post(
        "/jobs",
        data=gzip.compress(form["wsgi.input"].read()),
        content_type=form["CONTENT_TYPE"],
        headers={"Content-Encoding": "gzip"},
    )
    check(service, answer)


def form_with_file_first(content: bytes, name: str, value: str) -> bytes:
    """Write a form whose file comes before its field."""
    return (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="r.csv"\r\n\r\n'
        + content
        + f'\r\n--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        + b"\r\n--b--\r\n"
    )


def test_options_that_follow_their_file(service: Service) -> None:
    """A file cannot be read by an option that follows it; the error expected where to put it."""
    kind = "multipart/form-data; boundary=b"
    for name, value in (("delimiter", ";"), ("charset", "utf-16")):
        body = form_with_file_first(table().encode(), name, value)
        answer = service.client.post("/jobs", data=body, content_type=kind)
        assert "before the file" in refused(service, answer, 400, "bad-option")
    body = form_with_file_first(table(";").encode(), "delimiter", ";")
    check(service, service.client.post("/jobs?delimiter=%3B", data=body, content_type=kind))
    body = form_with_file_first(table().encode(), "model", "length")
    check(service, service.client.post("/jobs", data=body, content_type=kind))


def test_an_option_of_another_format(service: Service) -> None:
    """JSON has no delimiter."""
    answer = service.client.post("/jobs?delimiter=%3B", json={"text": ["a"]})
    assert "only a CSV" in refused(service, answer, 400, "bad-option")


def test_the_charset_of_json_is_ignored(service: Service) -> None:
    """In a content type of JSON it has no meaning, and does no harm."""
    answer = service.client.post(
        "/jobs", data=COLUMNS.encode(), content_type="application/json; charset=latin-1"
    )
    check(service, answer)


def test_what_only_begins_like_gzip(service: Service) -> None:
    """The whole upload is refused."""
    form = {"file": (io.BytesIO(b"\x1f\x8b and so on"), "r.csv.gz")}
    answer = service.client.post("/jobs", data=form)
    assert "gzip" in refused(service, answer, 400, "not-gzip")


@pytest.mark.parametrize(
    "kind", ["application/x-ndjson", "application/ndjson", "application/jsonl; charset=utf-8"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_lines_of_objects(service: Service, kind: str, packed: bool) -> None:
    """One JSON object per line, under each of its content types, packed or not."""
    body = gzip.compress(ndjson()) if packed else ndjson()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    check(service, service.client.post("/jobs", data=body, content_type=kind, headers=headers))


def test_lines_in_another_charset(service: Service) -> None:
    """An option names the charset; in a content type of JSON it has no meaning."""
    lines = ndjson().decode()
    for kind in ("application/x-ndjson", "application/x-ndjson; charset=ascii"):
        answer = service.client.post(
            "/jobs?charset=utf-16", data=lines.encode("utf-16"), content_type=kind
        )
        check(service, answer)


def test_a_form_of_several_reads_is_read(service: Service) -> None:
    """A file that takes several reads of the body."""
    content = b"text\n" + b"good\n" * (READ_BYTES // 2)
    body = b"--b\r\nContent-Disposition: form-data; name=f; filename=f.csv\r\n\r\n"
    body += content + b"\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    answer = service.client.post("/jobs", data=body, content_type=kind)
    assert answer.status_code == 202, answer.text
    assert max(map(len, service.blobs.contents.values())) == len(content)
