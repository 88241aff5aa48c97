"""Limits: a request that exceeds one is refused, says when to try again, and harms no other job."""

import gzip
import zlib
from io import BytesIO
from typing import Any

import pytest
from pydantic import SecretStr
from support.doubles.length_model import length_score
from support.in_memory import Service, make_service
from support.problems import problem

from api.security.keys import new_key
from shared.config.settings import Settings

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (row, b"z" * row) for row in range(1, 11))


def limited(settings: Settings, **limits: Any) -> Service:
    return make_service(settings.model_copy(update=limits))


def test_a_limit_of_waiting_jobs(settings: Settings) -> None:
    """One more job is a 503 with a `Retry-After`; when one has ended, there is room."""
    service = limited(settings, max_waiting_jobs=2)
    accepted = [service.submit(CSV) for _ in range(2)]
    refused = service.submit(CSV)
    assert "2 jobs" in problem(refused, 503, "service-full")
    assert refused.headers["Retry-After"] == "10"
    assert len(service.blobs.folders("jobs/")) == 2
    service.work()
    assert [service.client.get(one.location).json["state"] for one in accepted] == ["succeeded"] * 2
    assert service.submit(CSV).status_code == 202


def test_a_limit_of_waiting_rows(settings: Settings) -> None:
    """Finished rows do not count: a job that is half done takes half its room."""
    service = limited(settings, max_waiting_rows=15)
    accepted = service.submit(CSV)
    problem(service.submit(CSV), 503, "service-full")
    service.pipeline.split(accepted.json["id"])
    for part in range(3):
        service.pipeline.score(accepted.json["id"], part)
    assert service.submit(CSV).status_code == 202


def test_an_owner_has_a_share(settings: Settings) -> None:
    """An owner at their limit gets a 429; another owner's job is accepted."""
    (alice, alice_line), (bob, bob_line) = new_key("alice", "submit"), new_key("bob", "submit")
    service = limited(
        settings, owner_waiting_jobs=1, api_keys=SecretStr(f"{alice_line};{bob_line}")
    )

    def submit(key: str) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        return service.client.post("/jobs", data=CSV, content_type="text/csv", headers=headers)

    assert submit(alice).status_code == 202
    refused = submit(alice)
    assert "1 jobs" in problem(refused, 429, "owner-full")
    assert refused.headers["Retry-After"] == "10"
    assert submit(bob).status_code == 202


def test_uploads_at_once_do_not_pass_a_limit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eleven that all found room before any was recorded five are accepted; nothing is left of
    the others.
    """
    key, line = new_key("alice", "submit,read")
    service = limited(settings, owner_waiting_jobs=5, api_keys=SecretStr(line))
    for module in ("api.submission.checks", "api.v1.create_batch"):
        monkeypatch.setattr(f"{module}.check_room", lambda *_: None)
    headers = {"Authorization": f"Bearer {key}"}
    answers = [
        service.client.post("/jobs", data=CSV, content_type="text/csv", headers=headers)
        for _ in range(11)
    ]
    assert [one.status_code for one in answers] == [202] * 5 + [429] * 6
    problem(answers[-1], 429, "owner-full")
    assert len(service.blobs.folders("jobs/")) == 5
    assert len(service.client.get("/jobs", headers=headers).json["jobs"]) == 5
    request = (
        b'{"custom_id": "1", "method": "POST", "url": "/v1/sentiment", "body": {"input": "a"}}'
    )
    form = {"purpose": "batch", "file": (BytesIO(request), "a.jsonl")}
    file = service.client.post("/v1/files", data=form, headers=headers)
    batch = {
        "input_file_id": file.json["id"],
        "endpoint": "/v1/sentiment",
        "completion_window": "24h",
    }
    assert service.client.post("/v1/batches", json=batch, headers=headers).status_code == 429
    assert service.client.get("/v1/batches", headers=headers).json["data"] == []


def test_a_limit_of_small_jobs_and_questions(settings: Settings) -> None:
    """One more is a 503; those that wait are answered."""
    service = limited(settings, max_waiting_small=2)
    accepted = [service.client.post("/jobs", json={"text": ["a"]}) for _ in range(2)]
    for path in ("/jobs", "/sentiment"):
        refused = service.client.post(path, json={"text": ["a"]})
        problem(refused, 503, "service-full")
        assert refused.headers["Retry-After"] == "10"
    service.work()
    assert [service.client.get(one.location).json["state"] for one in accepted] == ["succeeded"] * 2
    assert service.client.post("/jobs", json={"text": ["a"]}).status_code == 202


def test_columns_and_rows_have_a_limit(settings: Settings) -> None:
    """Columns are counted in the header. Rows are counted later, so the job fails."""
    service = limited(settings, max_columns=3, max_rows=9)
    refused = service.submit(b"text,a,b,c\n1,2,3,4\n")
    assert "3 columns" in problem(refused, 413, "too-large")
    accepted = service.submit(CSV)
    service.work()
    job = service.client.get(accepted.location).json
    assert (job["state"], job["error"]) == (
        "failed",
        "It has more than 9 rows. Send them as several jobs.",
    )
    rows = {"text": ["a"] * 10}
    problem(service.client.post("/jobs", json=rows), 413, "too-large")


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_body_may_be_packed(service: Service, pieces: int) -> None:
    """CSV and JSON in gzip give the same rows as without, also in several gzips in a row."""
    third = len(CSV) // pieces + 1
    body = b"".join(gzip.compress(CSV[at : at + third]) for at in range(0, len(CSV), third))
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/csv"}
    accepted = service.client.post("/jobs", data=body, headers=headers)
    service.work()
    rows = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    assert [row["Sentiment_Score"] for row in rows] == [
        length_score("z" * row) for row in range(1, 11)
    ]
    headers["Content-Type"] = "application/json"
    body = gzip.compress(b'{"text": ["zz"]}')
    assert service.client.post("/jobs", data=body, headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("gzip", CSV, 400, "not-gzip"),
        ("gzip", gzip.compress(CSV)[:-9], 400, "not-gzip"),
        ("gzip", b"", 400, "not-gzip"),
        ("br", CSV, 415, "unsupported-encoding"),
        ("gzip", zlib.compress(CSV), 400, "not-gzip"),
        ("gzip, gzip", gzip.compress(gzip.compress(CSV)), 415, "unsupported-encoding"),
        ("br, gzip", gzip.compress(CSV), 415, "unsupported-encoding"),
    ],
)
def test_a_wrong_content_encoding_is_refused(
    service: Service, encoding: str, body: bytes, status: int, code: str
) -> None:
    """Nothing of the request is kept."""
    headers = {"Content-Encoding": encoding, "Content-Type": "text/csv"}
    problem(service.client.post("/jobs", data=body, headers=headers), status, code)
    assert service.blobs.contents == {}


@pytest.mark.parametrize("encoding", ["GZIP", "x-gzip", "identity, gzip", "gzip,identity"])
def test_a_gzip_has_two_names(service: Service, encoding: str) -> None:
    """Also in capital letters, and together with `identity`, which changes nothing."""
    headers = {"Content-Encoding": encoding, "Content-Type": "text/csv"}
    answer = service.client.post("/jobs", data=gzip.compress(CSV), headers=headers)
    assert answer.status_code == 202
    headers["Content-Encoding"] = "identity,"
    assert service.client.post("/jobs", data=CSV, headers=headers).status_code == 202


@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
def test_a_gzip_bomb_is_refused(settings: Settings, kind: str) -> None:
    """A body that unpacks to a thousand times its length is not unpacked to its end, nor kept."""
    service = limited(settings, max_upload_bytes=2**40, max_json_bytes=2**40)
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    body = packer.compress(b"text\n")
    body += b"".join(packer.compress(b"a\n" * 2**19) for _ in range(64)) + packer.flush()
    headers = {"Content-Encoding": "gzip", "Content-Type": kind}
    answer = service.client.post("/jobs", data=body, headers=headers)
    said = problem(answer, 413, "too-large")
    assert "over the limit of 200 times its packed length. Send it unpacked." in said
    assert service.blobs.contents == {}


def test_json_that_is_too_deep_is_refused(settings: Settings) -> None:
    """A million brackets are not rows, and do not crash the process."""
    service = limited(settings, max_json_bytes=2**22)
    for body in (b"[" * 2**20, b'{"text": ' + b"[" * 2**20 + b"]" * 2**20 + b"}"):
        answer = service.client.post("/jobs", data=body, content_type="application/json")
        problem(answer, 400, "not-json")
    assert service.client.post("/jobs", json={"text": ["a"]}).status_code == 202


def test_answers_are_data_and_not_pages(service: Service) -> None:
    """Every answer has the headers that keep a browser from running it, errors included."""
    for path in ("/apitest", "/jobs", "/nowhere"):
        headers = service.client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
