"""Uploads, rows, results and manifests that are damaged on the disk while a job needs them."""

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.damage import cut, flip
from support.doubles.length_model import length_score
from support.in_memory import Service, make_service
from support.v1_client import client_of, content_of, create, jsonl, line

from shared.config.settings import Settings
from shared.jobs.keys import manifest_key_of, upload_key_of
from shared.jobs.state import State
from shared.storage.seal import BLOCK_BYTES, HEAD

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (at, b"z" * at) for at in range(1, 21))
NDJSON = b"".join(b'{"ref":"r%d","text":"%s"}\n' % (at, b"z" * at) for at in range(1, 21))
SCORES = [length_score("z" * n) for n in range(1, 21)]

Damage = Callable[..., None]
DAMAGES = (flip, cut, lambda blobs, key: cut(blobs, key, 0.0))


@pytest.fixture
def service(settings: Settings) -> Service:
    """A service in memory whose blobs have checksums."""
    return make_service(settings, sealed=True)


def parquet() -> bytes:
    out = io.BytesIO()
    refs, texts = [f"r{at}" for at in range(1, 21)], ["z" * at for at in range(1, 21)]
    pq.write_table(pa.table({"ref": refs, "text": texts}), out)
    return out.getvalue()


KINDS = {
    "csv": ("text/csv", lambda: CSV),
    "tsv": ("text/tab-separated-values", lambda: CSV.replace(b",", b"\t")),
    "ndjson": ("application/x-ndjson", lambda: NDJSON),
    "parquet": ("application/vnd.apache.parquet", parquet),
}


def submit(service: Service, kind: str = "csv", **options: str) -> str:
    content_type, content = KINDS[kind]
    answer = service.client.post(
        "/jobs", data=content(), content_type=content_type, query_string=options
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def until(service: Service, task: str) -> None:
    """Run the dispatched tasks until the next one is a `task`."""
    while service.dispatch.messages[0][0] != task:
        service.step()


def job(service: Service, job_id: str) -> Any:
    return service.client.get(f"/jobs/{job_id}").json


def rows(service: Service, job_id: str) -> list[Any]:
    answer = service.client.get(f"/jobs/{job_id}/results?format=json")
    assert answer.status_code == 200, answer.text
    return list(answer.json["rows"])


def scores(service: Service, job_id: str) -> list[float | None]:
    return [row["Sentiment_Score"] for row in rows(service, job_id)]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_upload_fails_its_job(service: Service, kind: str, damage: Damage) -> None:
    """No row of it is scored as if it were whole; the job says that the upload was damaged."""
    job_id = submit(service, kind)
    damage(service.blobs, upload_key_of(job_id))
    service.work()
    found = job(service, job_id)
    assert found["state"] == "failed"
    assert "Its upload was damaged on the disk" in found["error"]
    assert service.model.calls == []


def test_rows_before_the_damage_are_kept(service: Service) -> None:
    """The error names the row from which on all are lost; the rows before it have their scores."""
    lines = [b"r%d,%s\n" % (at, b"z" * 90) for at in range(12_000)]
    job_id = service.submit(b"ref,text\n" + b"".join(lines)).json["id"]
    flip(service.blobs, upload_key_of(job_id), len(HEAD) + 3 * BLOCK_BYTES + 17)
    service.work()
    found = job(service, job_id)
    assert found["state"] == "failed"
    _, _, after = found["error"].partition("after row ")
    row = int(after.partition(":")[0].replace(",", ""))
    assert 0 < row < 3 * BLOCK_BYTES / 95
    partial = service.client.get(f"/jobs/{job_id}/results?partial=true&format=json").json["rows"]
    assert {one["Sentiment_Score"] for one in partial} <= {length_score("z" * 90)}


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_rows_that_are_damaged_after_the_split_are_named(service: Service, kind: str) -> None:
    """Their part is not scored: each of its rows gets an error with its number."""
    job_id = submit(service, kind)
    until(service, "score")
    flip(service.blobs, upload_key_of(job_id))
    service.work()
    found = job(service, job_id)
    assert (found["state"], found["rows"]["failed"]) == ("succeeded", 20)
    answer = service.client.get(f"/jobs/{job_id}/errors").json["errors"]
    assert answer[4]["error"] == "the upload was damaged on the disk: row 5 is lost"
    assert [one["row"] for one in answer] == list(range(1, 21))
    kinds = service.client.get(f"/jobs/{job_id}/summary").json["errors"]
    assert kinds == [{"kind": "damaged", "rows": 20}]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", CSV[:70], CSV[:-2] + b"\xff\n"])
def test_bytes_of_an_older_release_that_are_damaged_end_the_job(
    service: Service, content: bytes
) -> None:
    """Without checksums the length of the upload and the number of rows show the damage."""
    job_id = submit(service)
    service.blobs.contents[upload_key_of(job_id)] = content
    service.work()
    found = job(service, job_id)
    assert found["state"] == "failed" or found["rows"]["failed"]
    second = submit(service)
    service.blobs.contents[upload_key_of(second)] = CSV
    until(service, "score")
    service.blobs.contents[upload_key_of(second)] = content
    service.work()
    found = job(service, second)
    assert found["state"] == "succeeded"
    assert found["rows"]["failed"] > 0
    good = [row for row in rows(service, second) if row["error"] is None]
    assert [row["Sentiment_Score"] for row in good] == SCORES[: len(good)]


def test_an_upload_of_an_older_release_is_scored(service: Service) -> None:
    """It has no checksums, and its job ends as any other."""
    job_id = submit(service)
    service.blobs.contents[upload_key_of(job_id)] = CSV
    service.work()
    assert scores(service, job_id) == SCORES


@pytest.mark.parametrize("damage", DAMAGES)
def test_stored_rows_of_a_parquet_file_are_made_again(service: Service, damage: Damage) -> None:
    """While the upload is whole, nothing is lost with the rows that were made of it."""
    job_id = submit(service, "parquet")
    until(service, "score")
    for key in [one for one in service.blobs.contents if "/rows/" in one]:
        damage(service.blobs, key)
    service.work()
    assert scores(service, job_id) == SCORES


@pytest.mark.parametrize("step", ["split", "score"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_stored_rows_of_a_batch_are_made_again(service: Service, step: str, damage: Damage) -> None:
    """The requests of a batch are read again, before the split and after it."""
    client = client_of(service)
    batch = create(client, jsonl(*(line(f"c{at}", body={"input": "z" * at}) for at in range(1, 9))))
    until(service, "read")
    service.step()
    until(service, step)
    [key] = [one for one in service.blobs.contents if one.endswith("/rows/all.ndjson")]
    damage(service.blobs, key)
    service.work()
    batch = client.batches.retrieve(batch.id)
    found = content_of(client, batch.output_file_id)
    texts = [one["response"]["body"]["Sentiment_Score"] for one in found]
    assert texts == [length_score("z" * at) for at in range(1, 9)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_damaged_file_of_a_batch_fails_it(service: Service, damage: Damage) -> None:
    """The batch is failed, and no request is answered from it."""
    client = client_of(service)
    batch = create(client, jsonl(line("a"), line("b")))
    [job_id] = [key.split("/")[1] for key in service.blobs.contents if key.startswith("jobs/")][:1]
    damage(service.blobs, upload_key_of(job_id))
    service.work()
    assert client.batches.retrieve(batch.id).status == "failed"
    assert service.model.calls == []


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("damage", [*DAMAGES, lambda blobs, key: blobs.delete(key)])
def test_results_that_are_damaged_before_the_end_are_made_again(
    service: Service, form: str, damage: Damage
) -> None:
    """The end of a job deletes its upload, so its results are checked before."""
    job_id = submit(service, format=form)
    until(service, "finish")
    spec = service.store.get(job_id).spec
    for number in (0, 2):
        damage(service.blobs, spec.result_key(number))
    service.work()
    found = job(service, job_id)
    assert (found["state"], found["rows"]["completed"]) == ("succeeded", 20)
    assert scores(service, job_id) == SCORES


def test_a_retry_scores_damaged_results_again(service: Service) -> None:
    """A result that it takes over is checked first."""
    job_id = submit(service)
    until(service, "finish")
    service.client.post(f"/jobs/{job_id}/cancel")
    flip(service.blobs, service.store.get(job_id).spec.result_key(1))
    retried = service.client.post(f"/jobs/{job_id}/retry").json["id"]
    service.work()
    assert scores(service, retried) == SCORES


@pytest.mark.parametrize("damage", [*DAMAGES, lambda blobs, key: blobs.put(key, b"{")])
def test_a_damaged_manifest_keeps_no_other_job_from_being_restored(
    service: Service, damage: Damage
) -> None:
    """The oldest of three jobs has a damaged manifest: it is lost and says so, the others go on."""
    ids = [submit(service) for _ in range(3)]
    damage(service.blobs, manifest_key_of(ids[0]))
    service.lose()
    service.reconcile()
    service.work()
    assert service.client.get(f"/jobs/{ids[0]}").status_code == 410
    assert [scores(service, one) for one in ids[1:]] == [SCORES, SCORES]
    assert upload_key_of(ids[0]) in service.blobs.contents, "it was removed at once"


@pytest.mark.parametrize("room", ["files", "batches"])
@pytest.mark.parametrize("damage", [*DAMAGES, lambda blobs, key: blobs.put(key, b"[]")])
def test_a_damaged_record_keeps_no_job_from_being_restored(
    service: Service, room: str, damage: Damage
) -> None:
    """The other records are listed, and its own id says that it was damaged."""
    client = client_of(service)
    batches = [create(client, jsonl(line(str(at)))) for at in range(2)]
    job_id = submit(service)
    prefix = f"v1/{room}/"
    keys = sorted(key for key in service.blobs.contents if key.startswith(prefix))
    damage(service.blobs, next(key for key in keys if key.endswith("record.json")))
    service.lose()
    service.reconcile()
    service.work()
    assert job(service, job_id)["state"] == "succeeded"
    listed = client.files.list() if room == "files" else client.batches.list()
    kept = batches[1].input_file_id if room == "files" else batches[1].id
    assert kept in [one.id for one in listed.data]
    lost = batches[0].input_file_id if room == "files" else batches[0].id
    answer = service.client.get(f"/v1/{room}/{lost}")
    assert (answer.status_code, json.loads(answer.data)["error"]["code"]) == (500, "data_damaged")
    if room == "files":
        service.blobs.quiet = 1e9
        service.reconciler.reconcile([])
        assert f"v1/files/of-/{str(lost)[5:]}/content" in service.blobs.contents
        assert client.files.delete(str(lost)).deleted
        assert not [key for key in service.blobs.contents if str(lost)[5:] in key]


def test_the_state_of_a_job_whose_rows_were_lost_tells_it(service: Service) -> None:
    """After a damaged part was found, the job's detail has the number of rows."""
    job_id = submit(service)
    service.work()
    assert service.store.get(job_id).state is State.SUCCEEDED
    flip(service.blobs, service.store.get(job_id).spec.result_key(0))
    for _ in range(2):
        assert service.client.get(f"/jobs/{job_id}/results").status_code == 500
    part = service.store.parts(job_id, 0, 1)[0]
    detail = job(service, job_id)["detail"]
    assert f"The results of {part.rows} rows were damaged on the disk" in detail
