"""`/jobs/<id>/receipt`: digests of what was sent and of the results, counts and versions."""

import gzip
import hashlib
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.in_memory import Service, make_service

from api.results.receipt_signature import canonical, key_id, signatures
from shared.config.settings import Settings

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (row, b"x" * (row % 50)) for row in range(400))
SECRET = "whsec_" + "QUJD" * 10


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def receipt_of(service: Service, url: str) -> dict[str, Any]:
    answer = service.client.get(f"{url}/receipt")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


@pytest.mark.parametrize("own_format", ["csv", "ndjson", "parquet"])
def test_the_receipt_of_a_bulk_job(service: Service, own_format: str) -> None:
    """It has the digests of the upload and of a download in the job's format, and the counts."""
    url = service.submit(CSV, format=own_format, label="team:growth").location
    service.work()
    found = receipt_of(service, url)
    job = service.client.get(url).json
    results = service.client.get(f"{url}/results").data
    assert found["receipt"] == 1
    assert found["job"] == job["id"]
    assert found["input"]["sha256"] == sha256(CSV)
    assert found["input"]["bytes"] == len(CSV)
    assert found["results"]["format"] == own_format
    assert found["results"]["sha256"] == sha256(results)
    assert found["results"]["bytes"] == len(results)
    assert found["results"]["columns"] == ["ref", "Sentiment_Score", "error"]
    assert found["rows"] == job["rows"]
    assert found["rows"]["failed"] == 8
    card = service.model.card
    assert found["model"] == {"name": card.name, "version": card.version, "files": card.files}
    assert found["labels"] == {"team": "growth"}
    for moment in ("created_at", "started_at", "finished_at"):
        assert found[moment] == job[moment]
    [libraries] = found["libraries"]
    assert {"scorelane", "python", "numpy", "pandas", "scikit-learn"} <= set(libraries)
    assert job["links"]["receipt"] == f"{url}/receipt"
    assert found["signatures"] == []


@pytest.mark.parametrize("own_format", ["csv", "ndjson"])
def test_the_receipt_of_a_small_job(service: Service, own_format: str) -> None:
    """Its digests are those of the JSON that was sent, and of a download in its format."""
    body = b'{"text": ["good", "better", ""]}'
    json_type = {"content_type": "application/json"}
    url = service.client.post(f"/jobs?format={own_format}", data=body, **json_type).location
    service.work()
    found = receipt_of(service, url)
    assert found["input"]["sha256"] == sha256(body)
    assert found["results"]["sha256"] == sha256(service.client.get(f"{url}/results").data)
    assert found["rows"] == {"total": 3, "completed": 2, "failed": 1}
    assert len(found["libraries"]) == 1


def _parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"text": ["good", "better"]}), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type", "headers", "file"),
    [
        ("text\nGrüße\n".encode("latin-1"), "text/csv; charset=latin-1", {}, None),
        (gzip.compress(CSV), "text/csv", {"Content-Encoding": "gzip"}, CSV),
        (b'{"text": "good"}\n', "application/x-ndjson", {}, None),
        (_parquet(), "application/vnd.apache.parquet", {}, None),
        (b'text\tother\nhe said "no\t1\n', "text/tab-separated-values", {}, None),
    ],
    ids=["latin-1", "gzip", "ndjson", "parquet-file", "quoting-none"],
)
def test_the_digest_of_the_input_is_that_of_the_file(
    service: Service, content: bytes, media_type: str, headers: dict[str, str], file: bytes | None
) -> None:
    """In its own charset, whatever is stored of it; only a gzip is unpacked."""
    quoting = "?quoting=none" if "tab" in media_type else ""
    url = service.client.post(
        f"/jobs{quoting}", data=content, content_type=media_type, headers=headers
    ).location
    service.work()
    assert receipt_of(service, url)["input"]["sha256"] == sha256(file or content)


def test_the_digest_of_a_file_in_a_form(service: Service) -> None:
    """It is that of the file, not of the form around it."""
    form = {"file": (io.BytesIO(CSV), "rows.csv"), "format": "ndjson"}
    url = service.client.post("/jobs", data=form).location
    service.work()
    assert receipt_of(service, url)["input"] == {
        "sha256": sha256(CSV),
        "bytes": len(CSV),
        "addresses": None,
        "files": None,
    }


def test_a_job_without_results_has_no_receipt(service: Service) -> None:
    """Before its end, and if it was cancelled; with the same problems as for its results."""
    url = service.submit(CSV).location
    assert service.client.get(f"{url}/receipt").json["type"].endswith("job-not-finished")
    service.client.post(f"{url}/cancel")
    assert service.client.get(f"{url}/receipt").json["type"].endswith("no-results")


def test_a_receipt_survives_a_redis_that_loses_everything(service: Service) -> None:
    """The manifest has what it says."""
    url = service.submit(CSV).location
    service.work()
    before = receipt_of(service, url)
    service.lose()
    service.reconcile()
    assert receipt_of(service, url) == before


def test_the_receipt_of_a_result_that_was_damaged_before_the_end(settings: Settings) -> None:
    """Its digest is that of the result that was scored again."""
    service = make_service(settings, sealed=True)
    url = service.submit(CSV).location
    while service.dispatch.messages[0][0] != "finish":
        service.step()
    key = next(key for key in service.blobs.contents if "/results/" in key)
    service.blobs.put(key, service.blobs.read(key)[:-1] + b"?")
    service.work()
    found = receipt_of(service, url)
    assert found["results"]["sha256"] == sha256(service.client.get(f"{url}/results").data)


def test_a_retry_has_the_digest_of_the_old_upload(service: Service) -> None:
    """Its rows are those of the old job, and it names that one."""
    old = service.submit(CSV, on_error="fail").location
    service.work()
    new = service.client.post(f"{old}/retry?on_error=skip").location
    service.work()
    found = receipt_of(service, new)
    assert found["retry_of"] == old.rpartition("/")[2]
    assert found["input"]["sha256"] == sha256(CSV)
    assert found["results"]["sha256"] == sha256(service.client.get(f"{new}/results").data)


def test_each_secret_signs_the_receipt(settings: Settings) -> None:
    """The signatures are over the receipt as canonical JSON, and each names its secret."""
    secrets = {"webhook_secrets": f"{SECRET};whsec_{'REVG' * 10}"}
    service = make_service(Settings.model_validate(settings.model_dump() | secrets))
    url = service.submit(CSV).location
    service.work()
    found = receipt_of(service, url)
    keys = [b"ABC" * 10, b"DEF" * 10]
    assert found["signatures"] == signatures(found, keys)
    assert [one["key"] for one in found["signatures"]] == [key_id(key) for key in keys]
    changed = found | {"rows": found["rows"] | {"failed": 0}}
    assert signatures(changed, keys) != found["signatures"]


def test_canonical_json() -> None:
    """Names in order, no blanks, UTF-8, without the signatures."""
    written = canonical({"b": "ü", "a": {"d": [1, None], "c": "x"}, "signatures": ["?"]})
    assert written == '{"a":{"c":"x","d":[1,null]},"b":"ü"}'.encode()
