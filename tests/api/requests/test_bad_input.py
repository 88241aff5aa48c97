"""Requests that are refused as a whole: the error, and that nothing of them is kept."""

import gzip
import io
from typing import Any

import pytest
from support.in_memory import Service
from support.problems import problem, refused

CSV = "text/csv"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(gzip.compress(b"text\ngood\n"), "Content-Encoding: gzip"), (b"PK\x03\x04\x14\0", ".xlsx")],
)
@pytest.mark.parametrize(
    "kind",
    [
        CSV,
        "text/csv; charset=latin-1",
        "application/json",
        "application/x-ndjson",
        "application/vnd.apache.parquet",
    ],
)
def test_a_packed_body_without_content_encoding(
    service: Service, content: bytes, expected: str, kind: str
) -> None:
    """The error names the packing and expected what to do, instead of reporting a bad byte."""
    for query in ("", "?validate=true"):
        answer = service.client.post(f"/jobs{query}", data=content, content_type=kind)
        assert expected in refused(service, answer, 422, "packed")


def test_a_spreadsheet_in_a_form(service: Service) -> None:
    """It is recognised, and not taken for a CSV in a wrong charset."""
    form = {"file": (io.BytesIO(b"PK\x03\x04\x14\0\xe9"), "reviews.xlsx")}
    answer = service.client.post("/jobs", data=form)
    assert "save the sheet as CSV UTF-8" in refused(service, answer, 422, "packed")


@pytest.mark.parametrize("path", ["/jobs", "/sentiment"])
@pytest.mark.parametrize(
    ("body", "status", "code", "expected"),
    [
        ('{"text": [', 400, "not-json", "not JSON"),
        (b"\xff\xfe", 400, "not-json", "not JSON"),
        ("", 400, "not-json", "not JSON"),
        ('{"text": [NaN]}', 400, "not-json", "NaN"),
        ('{"text": ["a"], "ref": ["\\ud800"]}', 422, "half-character", "row 1"),
        ("[" * 900, 400, "not-json", "not JSON"),
        ("3", 422, "not-rows", "a number"),
        ("null", 422, "not-rows", "null"),
        ('"[1]"', 422, "not-rows", "a list with a number in it"),
        ("[null]", 422, "not-rows", "a list with null in it"),
        ("{}", 422, "not-rows", "an empty object"),
        ('{"text": ["a"], "ref": 1}', 422, "not-rows", "'ref' is a number"),
        ("[]", 422, "no-rows", "no row"),
        ('{"text": []}', 422, "no-rows", "no row"),
        ('{"ref": [1, 2], "text": ["a"]}', 422, "unequal-columns", "ref has 2, text has 1"),
        ('{"ref": [1], "review": ["a"]}', 422, "no-such-column", "ref, review"),
        ('[{"review": "a"}]', 422, "no-such-column", "review"),
    ],
)
def test_json_that_holds_no_rows(
    service: Service, path: str, body: Any, status: int, code: str, expected: str
) -> None:
    """JSON that cannot be read as rows is refused, and the error expected what was found."""
    answer = service.client.post(path, data=body, content_type="application/json")
    assert expected in refused(service, answer, status, code)


@pytest.mark.parametrize(
    ("content", "code", "expected"),
    [
        (b"", "no-rows", "not one line"),
        (b"\n\n\r\n", "no-rows", "not one line"),
        (b"\xef\xbb\xbf", "no-rows", "not one line"),
        (b"ref,text\n", "no-rows", "a header and no row"),
        (b"ref,text\r\n\r\n\n", "no-rows", "a header and no row"),
        (b'{"text": ["good"]}', "no-rows", "it looks like JSON: send that as application/json"),
        (b"ref,review\n1,good\n", "no-such-column", "The columns found: ref, review"),
        (b"text,ref,text\na,1,b\n", "duplicate-columns", "'text'"),
        (b"text\ngood\nbad \xe9 day\n", "not-text", "byte 14 (0xe9)"),
        (b"text\ngood \xc3", "not-text", "byte 10 (0xc3)"),
        ("text\ngood\n".encode("utf-16"), "not-text", "byte 0 (0xff)"),
        (b'"text\n1,good\n', "open-quote", "not closed"),
        (b"ref,text\r1,good\r2,bad\r", "cr-line-ends", "LF or CRLF"),
    ],
)
def test_a_csv_that_cannot_be_read(
    service: Service, content: bytes, code: str, expected: str
) -> None:
    """A CSV without rows or columns, or in a wrong encoding, is refused before there is a job."""
    assert expected in refused(service, service.submit(content), 422, code)


def test_the_byte_offset_counts_over_chunks(service: Service) -> None:
    """The offset of a bad byte is that in the file, not in its chunk."""
    content = b"text\n" + "\u00fcber\n".encode() * 100_000 + b"\xe9\n"
    detail = refused(service, service.submit(content), 422, "not-text")
    assert f"byte {len(content) - 2:,} (0xe9)" in detail


def test_an_unknown_model(service: Service) -> None:
    """A job for a model that no worker serves is refused, with the names of the others."""
    for answer in (
        service.submit(b"text\na\n", model="nope"),
        service.client.post("/jobs?model=nope", json={"text": ["a"]}),
        service.client.post("/sentiment?model=nope", json={"text": ["a"]}),
    ):
        detail = refused(service, answer, 422, "unknown-model")
        assert detail == "There is no model 'nope'. The models here: length."


def test_an_unknown_option_is_refused(service: Service) -> None:
    """A typing mistake in an option's name is an error, and does not change what is scored."""
    detail = refused(service, service.submit(b"text\na\n", text_colum="x"), 400, "unknown-option")
    assert "text_column" in detail


def test_a_column_option_that_is_not_in_the_file(service: Service) -> None:
    """A column that an option names must exist."""
    answer = service.submit(b"ref,text\n1,a\n", ref_column="id")
    assert "the option ref_column" in refused(service, answer, 422, "no-such-column")


def test_an_unsupported_content_type(service: Service) -> None:
    """The content type that curl sends by default is refused, with the option that curl needs."""
    answer = service.client.post("/jobs", data="text=a")
    answer_form = service.client.post("/jobs", data={"text": "a"})
    for one in (answer, answer_form):
        assert "text/csv" in refused(service, one, 415, "unsupported-format")


def test_an_upload_over_the_limit(service: Service) -> None:
    """A body over the limit is a 413 that names the limit, with an announced length or without."""
    content = b"text\n" + b"a word\n" * 700_000
    answer = service.submit(content)
    assert "4,194,304 bytes" in refused(service, answer, 413, "too-large")
    chunked = service.client.post(
        "/jobs",
        input_stream=io.BytesIO(content),
        content_type=CSV,
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert "4,194,304 bytes" in refused(service, chunked, 413, "too-large")


@pytest.mark.parametrize("path", ["/jobs", "/sentiment"])
def test_a_json_body_over_the_limit(service: Service, path: str) -> None:
    """A JSON body over its limit is a 413 that recommends a CSV."""
    answer = service.client.post(path, json={"text": ["a" * 3000]})
    assert "text/csv" in refused(service, answer, 413, "too-large")


def test_too_many_rows_for_an_answer_at_once(service: Service) -> None:
    """`POST /sentiment` takes few rows, and expected where to send more."""
    answer = service.client.post("/sentiment", json={"text": ["a"] * 6})
    assert "POST /jobs" in refused(service, answer, 413, "too-large")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b\r\n", "cut off"),
        (b"--b\r\nContent-Disposition: form-data; name=model\r\n\r\nlength\r\n--b--", "no file"),
        (b"nothing of the kind", "cut off"),
        (
            b"--b\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n--b--\r\n",
            "one of its parts has no name",
        ),
    ],
)
def test_a_broken_form(service: Service, body: bytes, expected: str) -> None:
    """A form without a file, or cut off, is refused with an example of how to send one."""
    answer = service.client.post("/jobs", data=body, content_type="multipart/form-data; boundary=b")
    detail = refused(service, answer, 400, "not-multipart")
    assert expected in detail
    assert "-F file=@" in detail


@pytest.mark.parametrize("where", ["file", "field"])
@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("Content-Transfer-Encoding: quoted-printable", False),
        ("Content-Transfer-Encoding: BASE64", False),
        ("Content-Encoding: br", False),
        ("Content-Transfer-Encoding: binary", True),
        ("Content-Transfer-Encoding: 8Bit", True),
        ("Content-Encoding: identity", True),
    ],
)
def test_parts_of_a_form_that_are_to_be_decoded(
    service: Service, where: str, header: str, *, accepted: bool
) -> None:
    """Forms have none (RFC 7578); read as they are, `caf=C3=A9` would be scored without a word."""
    field = 'Content-Disposition: form-data; name="label"\r\n{}\r\na:b\r\n'
    file = 'Content-Disposition: form-data; name="f"; filename="a.csv"\r\n{}\r\ntext\na\n\r\n'
    extra = {where: f"{header}\r\n"}
    body = "--b\r\n" + field.format(extra.get("field", "")) + "--b\r\n"
    body += file.format(extra.get("file", "")) + "--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    answer = service.client.post("/jobs", data=body.encode(), content_type=kind)
    if accepted:
        assert answer.status_code == 202
        return
    name, value = header.lower().split(": ")
    detail = refused(service, answer, 400, "not-multipart")
    assert f"{name} '{value}'" in detail.lower()


def test_a_field_that_is_not_utf_8(service: Service) -> None:
    """A label would be kept with other characters than were sent."""
    body = b'--b\r\nContent-Disposition: form-data; name="label"\r\n\r\nteam:caf\xe9\r\n--b\r\n'
    body += b'Content-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\ntext\na\n'
    answer = service.client.post(
        "/jobs", data=body + b"\r\n--b--\r\n", content_type="multipart/form-data; boundary=b"
    )
    assert "'label' is not UTF-8" in refused(service, answer, 400, "not-multipart")


def test_a_csv_that_says_that_it_has_no_header(service: Service) -> None:
    """Its first row would be taken as the header, and lost; parts of results say so of theirs."""
    kind, detail = "text/csv; charset=utf-8; header=Absent", "says header=absent"
    answer = service.client.post("/jobs", data=b"text\ngood\n", content_type=kind)
    assert detail in refused(service, answer, 422, "bad-header")
    form = {"file": (io.BytesIO(b"text\ngood\n"), "a.csv", kind)}
    answer = service.client.post("/jobs", data=form)
    assert detail in refused(service, answer, 422, "bad-header")
    kind = "text/csv; header=present"
    answer = service.client.post("/jobs", data=b"text\ngood\n", content_type=kind)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("text/csv", b"ref,text\n1,good\n2,bad\n", "no-rows"),
        ("application/x-ndjson", b'{"text": "good"}\n{"text": "bad"}\n', "bad-first-line"),
    ],
)
def test_a_file_that_lost_its_line_ends(
    service: Service, kind: str, content: bytes, code: str
) -> None:
    """`curl -d @FILE` leaves them out; the answer says what to use in its place."""
    sent = content.replace(b"\n", b"")
    answer = service.client.post("/jobs", data=sent, content_type=kind)
    assert "--data-binary" in refused(service, answer, 422, code)


def test_a_form_with_two_files(service: Service) -> None:
    """A form with more than one file is refused: the service does not choose one."""
    form = {"a": (io.BytesIO(b"text\na\n"), "a.csv"), "b": (io.BytesIO(b"text\nb\n"), "b.csv")}
    answer = service.client.post("/jobs", data=form)
    assert "more than one file" in refused(service, answer, 400, "not-multipart")


@pytest.mark.parametrize(("fields", "size"), [(1, 2**20 + 1), (40, 2**15), (2, 2**19)])
def test_the_fields_of_a_form_have_a_limit(service: Service, fields: int, size: int) -> None:
    """Fields are kept in memory, unlike the file, so all together they are limited."""
    part = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + b"x" * size + b"\r\n"
    body = part * fields + b"--b--\r\n"
    answer = service.client.post("/jobs", data=body, content_type="multipart/form-data; boundary=b")
    assert "fields are too long" in refused(service, answer, 400, "not-multipart")


def test_a_quote_never_closed_fails_the_job(service: Service) -> None:
    """An open quote would swallow the rows after it: the job fails, and the error names the row."""
    accepted = service.submit(b'ref,text\n1,good\n2,"bad\n' + b"3,more\n" * 1000)
    service.work()
    job = service.client.get(accepted.location).json
    assert job["state"] == "failed"
    assert "Row 2 (from byte 16) opens a quote" in job["error"]
    detail = problem(service.client.get(f"{accepted.location}/results"), 409, "no-results")
    assert "is failed" in detail
