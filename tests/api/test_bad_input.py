"""Bad input: what it gets, and that the rest is scored."""

import io
from typing import Any

import pytest
from in_memory import Service, length_score

from shared.job import new_job_id

CSV = "text/csv"


def problem(answer: Any, status: int, code: str) -> str:
    """Check that an answer is a problem of this kind, and give its detail."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"urn:scorelane:problem:{code}"
    assert answer.json["status"] == status
    return str(answer.json["detail"])


def refused(service: Service, answer: Any, status: int, code: str) -> str:
    """Check besides that nothing of the request was kept."""
    detail = problem(answer, status, code)
    assert service.client.get("/jobs").json["jobs"] == []
    assert service.blobs.contents == {}
    assert not service.dispatch.messages
    return detail


@pytest.mark.parametrize("path", ["/jobs", "/sentiment"])
@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ('{"text": [', 400, "not-json", "not JSON"),
        (b"\xff\xfe", 400, "not-json", "not JSON"),
        ("", 400, "not-json", "not JSON"),
        ('{"text": [NaN]}', 400, "not-json", "NaN"),
        ('{"text": ["\\ud800"]}', 400, "not-json", "surrogates"),
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
    service: Service, path: str, body: Any, status: int, code: str, says: str
) -> None:
    """JSON that cannot be read as rows is refused with what was found."""
    answer = service.client.post(path, data=body, content_type="application/json")
    assert says in refused(service, answer, status, code)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "no-rows", "not one line"),
        (b"\n\n\r\n", "no-rows", "not one line"),
        (b"\xef\xbb\xbf", "no-rows", "not one line"),
        (b"ref,text\n", "no-rows", "a header and no row"),
        (b"ref,text\r\n\r\n\n", "no-rows", "a header and no row"),
        (b"ref,review\n1,good\n", "no-such-column", "The columns found: ref, review"),
        (b"text,ref,text\na,1,b\n", "duplicate-columns", "'text'"),
        (b"text\ngood\nbad \xe9 day\n", "not-text", "byte 14 (0xe9)"),
        (b"text\ngood \xc3", "not-text", "byte 10 (0xc3)"),
        ("text\ngood\n".encode("utf-16"), "not-text", "byte 0 (0xff)"),
        (b'"text\n1,good\n', "open-quote", "not closed"),
        (b"ref,text\r1,good\r2,bad\r", "bad-header", "LF or CRLF"),
    ],
)
def test_a_csv_that_cannot_be_read(service: Service, content: bytes, code: str, says: str) -> None:
    """A CSV without rows, columns or its encoding is refused before there is a job."""
    assert says in refused(service, service.submit(content), 422, code)


def test_the_byte_offset_counts_over_chunks(service: Service) -> None:
    """The offset of a bad byte is that in the file, however far behind it is."""
    content = b"text\n" + "\u00fcber\n".encode() * 100_000 + b"\xe9\n"
    detail = refused(service, service.submit(content), 422, "not-text")
    assert f"byte {len(content) - 2:,} (0xe9)" in detail


def test_an_unknown_model_names_those_there_are(service: Service) -> None:
    """A job for a model that no worker has is refused, with the names of the others."""
    for answer in (
        service.submit(b"text\na\n", model="nope"),
        service.client.post("/jobs?model=nope", json={"text": ["a"]}),
        service.client.post("/sentiment?model=nope", json={"text": ["a"]}),
    ):
        detail = refused(service, answer, 422, "unknown-model")
        assert detail == "There is no model 'nope'. The models here: length."


def test_an_unknown_option_is_refused(service: Service) -> None:
    """A slip in an option's name is told, and does not change what is scored."""
    detail = refused(service, service.submit(b"text\na\n", text_colum="x"), 400, "unknown-option")
    assert "text_column" in detail


def test_a_column_option_that_is_not_in_the_file(service: Service) -> None:
    """A column named by an option must be there."""
    answer = service.submit(b"ref,text\n1,a\n", ref_column="id")
    assert "the option ref_column" in refused(service, answer, 422, "no-such-column")


def test_an_unread_content_type_names_those_that_are(service: Service) -> None:
    """What curl sends by default is refused with the option that it needs."""
    answer = service.client.post("/jobs", data="text=a")
    answer_form = service.client.post("/jobs", data={"text": "a"})
    for one in (answer, answer_form):
        assert "text/csv" in refused(service, one, 415, "unsupported-format")


def test_an_upload_over_the_limit(service: Service) -> None:
    """A body over the limit is a 413 that names the limit, announced or found on the way."""
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
    """A JSON body over its limit is a 413 that points to the CSV."""
    answer = service.client.post(path, json={"text": ["a" * 3000]})
    assert "text/csv" in refused(service, answer, 413, "too-large")


def test_too_many_rows_for_an_answer_at_once(service: Service) -> None:
    """POST /sentiment takes few rows, and says where to go with more."""
    answer = service.client.post("/sentiment", json={"text": ["a"] * 6})
    assert "POST /jobs" in refused(service, answer, 413, "too-large")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"--b\r\n", "cut off"),
        (b"--b\r\nContent-Disposition: form-data; name=model\r\n\r\nlength\r\n--b--", "no file"),
        (b"nothing of the kind", "cut off"),
    ],
)
def test_a_broken_form(service: Service, body: bytes, says: str) -> None:
    """A multipart form without a file, or cut off, is refused with how to send one."""
    answer = service.client.post("/jobs", data=body, content_type="multipart/form-data; boundary=b")
    detail = refused(service, answer, 400, "not-multipart")
    assert says in detail
    assert "-F file=@" in detail


def test_a_form_with_two_files(service: Service) -> None:
    """A form with more than one file is refused: neither is guessed."""
    form = {"a": (io.BytesIO(b"text\na\n"), "a.csv"), "b": (io.BytesIO(b"text\nb\n"), "b.csv")}
    answer = service.client.post("/jobs", data=form)
    assert "more than one file" in refused(service, answer, 400, "not-multipart")


def test_a_quote_never_closed_fails_the_job(service: Service) -> None:
    """An open quote would swallow the rows behind it: the job fails, and names its row."""
    accepted = service.submit(b'ref,text\n1,good\n2,"bad\n' + b"3,more\n" * 1000)
    service.work()
    job = service.client.get(accepted.location).json
    assert job["state"] == "failed"
    assert "Row 2 (from byte 16) opens a quote" in job["error"]
    detail = problem(service.client.get(f"{accepted.location}/results"), 409, "no-results")
    assert "is failed" in detail


def test_bad_rows_are_errors_in_their_rows(service: Service) -> None:
    """Ragged rows, empty, long and NUL texts get an error each; the others are scored, in order."""
    long = "x" * 1_000_000
    rows = service.scored(
        f"ref,text\n1,fine\n2\n3,a,b\n4,\n5,   \n6,{long}\n7,nul\0l\n8,also fine\n".encode()
    )
    assert [row["ref"] for row in rows] == list("12345678")
    found = {row["ref"]: row["error"] for row in rows}
    assert found == {
        "1": None,
        "2": "the row has 1 cells; the header has 2",
        "3": "the row has 3 cells; the header has 2",
        "4": "the text is empty",
        "5": "the text is empty",
        "6": "the text has 1,000,000 characters; at most 500 are scored",
        "7": "the text has a NUL character, at position 4",
        "8": None,
    }
    scores = [row["Sentiment_Score"] for row in rows]
    assert scores == [length_score("fine"), *[None] * 6, length_score("also fine")]


def test_a_stray_carriage_return_is_an_error_in_its_row(service: Service) -> None:
    """A bare CR outside quotes spoils its row and no other."""
    rows = service.scored(b"ref,text\n1,good\n2,ba\rd\n3,good\n")
    assert [row["error"] is None for row in rows] == [True, False, True]


def test_json_values_that_are_no_texts_are_errors_in_their_rows(service: Service) -> None:
    """A null, a number or a list as a text is an error in its row."""
    body = {"ref": [1, 2, 3, 4], "text": ["good", None, 5, ["a"]]}
    answer = service.client.post("/jobs", json=body)
    service.work()
    rows = service.client.get(f"{answer.location}/results?format=json").json["rows"]
    assert [row["error"] for row in rows] == [
        None,
        "the text is missing",
        "the text is not a string but 5",
        'the text is not a string but ["a"]',
    ]


def test_cells_stay_as_typed(service: Service) -> None:
    """No value is taken for missing, a number or a date: refs come back to the letter."""
    refs = [
        "NA",
        "null",
        "007",
        "12345678901234567890",
        "1e5",
        "",
        " spaced ",
        "-0",
        "\u00e9\u4e16",
    ]
    body = "ref,text\n" + "".join(f"{ref},some text\n" for ref in refs)
    assert [row["ref"] for row in service.scored(body.encode())] == refs
    texts = service.scored(b"ref,text\n1,NA\n2,null\n3,007\n")
    assert [row["Sentiment_Score"] for row in texts] == [0.02, 0.04, 0.03]


def test_quotes_line_breaks_crlf_and_a_bom_are_read(service: Service) -> None:
    """RFC 4180's corners are read as a spreadsheet writes them."""
    content = (
        b"\xef\xbb\xbf"
        b'"ref","text"\r\n'
        b'1,"two\r\nlines"\r\n2,"he said ""no"", twice"\r\n\r\n"a,b",plain "quoted" text'
    )
    rows = service.scored(content)
    assert [row["ref"] for row in rows] == ["1", "2", "a,b"]
    expected = ["two\r\nlines", 'he said "no", twice', 'plain "quoted" text']
    assert [row["Sentiment_Score"] for row in rows] == [length_score(text) for text in expected]


def test_formulas_are_escaped_in_csv_only(service: Service) -> None:
    """A ref that a spreadsheet would run gets a quote in the CSV; in JSON it is as it was."""
    accepted = service.submit(b"ref,text\n=1+1,a\n@x,a\n-5,a\n+2.5,a\n-x,a\n'=y,a\n")
    service.work()
    lines = service.client.get(f"{accepted.location}/results").text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [
        "'=1+1",
        "'@x",
        "-5",
        "+2.5",
        "'-x",
        "''=y",
    ]
    rows = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    assert [row["ref"] for row in rows] == ["=1+1", "@x", "-5", "+2.5", "-x", "'=y"]


@pytest.mark.parametrize("call", ["get", "delete"])
@pytest.mark.parametrize(
    ("job_id", "code"),
    [(new_job_id(), "job-not-found"), ("12", "malformed-job-id"), ("..%2e", "malformed-job-id")],
)
def test_ids_that_name_no_job(service: Service, call: str, job_id: str, code: str) -> None:
    """An unknown id and one that cannot be are both a 404 that says which."""
    answer = getattr(service.client, call)(f"/jobs/{job_id}")
    assert "GET /jobs" in problem(answer, 404, code)


def test_results_before_the_end(service: Service) -> None:
    """Results of a job that still runs are a 409 that says when to ask again."""
    accepted = service.submit(b"text\na\n")
    answer = service.client.get(f"{accepted.location}/results")
    assert "still queued" in problem(answer, 409, "job-not-finished")
    assert int(answer.headers["Retry-After"]) >= 1


def test_cancel_after_the_end(service: Service) -> None:
    """A job that ended cannot be cancelled, and says how it ended."""
    accepted = service.submit(b"text\na\n")
    service.work()
    answer = service.client.post(f"{accepted.location}/cancel")
    assert "already succeeded" in problem(answer, 409, "job-ended")


def test_no_worker_serves_the_model(service: Service) -> None:
    """A job that nobody can score now is accepted, waits, and says why."""
    service.fleet.leave("all")
    accepted = service.submit(b"text\na\n")
    assert accepted.status_code == 202
    assert "No worker serves length@" in service.client.get(accepted.location).json["detail"]
    answer = service.client.post("/sentiment", json={"text": ["a"]})
    assert "No worker serves length@" in problem(answer, 503, "no-worker")
    assert answer.headers["Retry-After"]


def test_no_worker_answers_in_time(service: Service) -> None:
    """A wait for an answer ends, says what else can be done, and leaves nothing behind."""
    answer = service.client.post("/sentiment", json={"text": ["a"]})
    assert "POST /jobs" in problem(answer, 503, "no-answer-in-time")
    service.work()
    assert service.model.calls == []


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "limit=99999", "offset=1.5", "limit=\u0663"]
)
def test_options_of_a_page(service: Service, query: str) -> None:
    """Options that cannot be used are refused with what they may be."""
    accepted = service.submit(b"text\na\n")
    service.work()
    answer = service.client.get(f"{accepted.location}/results?format=json&{query}")
    assert "must be" in problem(answer, 400, "bad-option")
    answer = service.client.get(f"{accepted.location}/results?format=xml")
    assert "must be" in problem(answer, 400, "bad-option")


def test_a_cursor_that_was_never_given(service: Service) -> None:
    """A cursor must come from a page."""
    assert "next" in problem(service.client.get("/jobs?cursor=zz"), 400, "bad-option")


def test_addresses_and_methods_that_are_not_there(service: Service) -> None:
    """Also what Flask itself refuses is a problem."""
    problem(service.client.get("/nothing"), 404, "not-found")
    answer = service.client.put("/jobs")
    problem(answer, 405, "method-not-allowed")
    assert "POST" in answer.headers["Allow"]
