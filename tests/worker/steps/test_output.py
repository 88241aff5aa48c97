"""The results of a job in a folder of its owner: complete, with a manifest, or not at all."""

import hashlib
import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.doubles.blobs import InMemoryBlobs
from support.in_memory import Service
from support.outputs import FOLDER, MemoryOutputs
from support.places import Bucket
from support.problems import problem

from shared.config.settings import Settings
from shared.errors.output import OutputDenied
from shared.jobs.keys import OUTPUTS
from shared.places.output_folder import MANIFEST, OutputUnavailable

SOURCE = "s3://data/in/a.csv"
CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (row, b"x" * (row % 50 + 1)) for row in range(40))


@pytest.fixture
def outputs() -> MemoryOutputs:
    return MemoryOutputs()


@pytest.fixture
def service(settings: Settings, outputs: MemoryOutputs) -> Service:
    """A service in memory that may read `SOURCE` and write to `FOLDER`."""
    bucket = Bucket(settings, sealed=True, open_output=outputs.open)
    bucket.put(in__a_csv=CSV)
    return bucket.service


def submit(service: Service, **options: str) -> Any:
    """Submit the file with the rows; the response."""
    return service.client.post("/jobs", json={"input": SOURCE, "output": FOLDER, **options})


def job_of(service: Service, location: str) -> dict[str, Any]:
    found: dict[str, Any] = service.client.get(location).json
    return found


def notes(service: Service) -> list[str]:
    """What is noted of outputs that were begun."""
    blobs: InMemoryBlobs = service.blobs
    return [key for key in blobs.contents if key.startswith(OUTPUTS)]


def until_finish(service: Service) -> None:
    """Run all tasks up to the one that finishes a job."""
    while service.dispatch.messages[0][0] != "finish":
        service.step()


def expire_leases(service: Service) -> None:
    for record in service.store._records.values():
        record.leases = dict.fromkeys(record.leases, 0.0)


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_the_results_appear_with_a_manifest(
    service: Service, outputs: MemoryOutputs, form: str
) -> None:
    """One file with the bytes of a download, and a manifest that describes it; no note is left."""
    location = submit(service, format=form).location
    job_id = location.split("/")[2]
    service.work()
    job = job_of(service, location)
    assert job["state"] == "succeeded", job["error"]
    assert job["output"] == {"address": FOLDER, "manifest": f"{FOLDER}{MANIFEST}"}
    name = f"results-{job_id}.{form}"
    assert outputs.names() == [MANIFEST, name]
    content = outputs.read(name)
    assert content == service.client.get(f"{location}/results").data
    if form == "parquet":
        assert pq.read_table(io.BytesIO(content)).num_rows == 40
    manifest = outputs.manifest()
    digest = hashlib.sha256(content).hexdigest()
    written_at = manifest.pop("written_at")
    assert written_at.endswith("Z")
    assert manifest == {
        "job": job_id,
        "model": service.model.card.name,
        "version": service.model.card.version,
        "input": [SOURCE],
        "rows": {"total": 40, "completed": 40, "failed": 0},
        "format": form,
        "columns": ["ref", "Sentiment_Score", "error"],
        "files": [{"name": name, "size": len(content), "sha256": digest, "rows": 40}],
    }
    assert not notes(service)
    assert service.client.delete(location).status_code == 204
    service.reconcile()
    service.work()
    assert outputs.names() == [MANIFEST, name], "what has succeeded is the user's"


def test_a_job_that_keeps_nothing_leaves_its_output(
    service: Service, outputs: MemoryOutputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the folder is the user's; the service deletes its rows, and keeps the receipt."""
    monkeypatch.setattr("support.doubles.clearing.CLEARED_AFTER", 0.0)
    location = submit(service, keep="none").location
    until_finish(service)
    service.reconcile()
    assert job_of(service, location)["rows_deleted_at"] is None, "not before the output is complete"
    service.work()
    service.reconcile()
    job_id = location.split("/")[2]
    content = outputs.read(f"results-{job_id}.csv")
    assert outputs.names() == [MANIFEST, f"results-{job_id}.csv"]
    assert [key for key in service.blobs.contents if key.startswith(f"jobs/{job_id}/")] == [
        f"jobs/{job_id}/manifest.json"
    ]
    problem(service.client.get(f"{location}/results"), 410, "rows-deleted")
    receipt = service.client.get(f"{location}/receipt").json
    assert receipt["results"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert receipt["rows_deleted_at"]


def test_a_job_that_keeps_nothing_and_cannot_write_its_output(
    service: Service, outputs: MemoryOutputs
) -> None:
    """Its rows stay until it was retried: nobody has them yet."""
    location = submit(service, keep="none").location

    def deny(method: str, _: str) -> None:
        if method == "writing":
            raise OutputDenied(address=FOLDER, reason="the key may not write")

    outputs.fault = deny
    service.work()
    service.reconcile()
    assert job_of(service, location)["state"] == "failed"
    assert service.client.get(f"{location}/results?partial=true").status_code == 200
    outputs.fault = lambda *_: None
    again = service.client.post(f"{location}/retry").headers["Location"]
    service.work()
    assert job_of(service, again)["state"] == "succeeded"
    assert len(outputs.names()) == 2


def test_a_second_finish_writes_nothing(service: Service, outputs: MemoryOutputs) -> None:
    """A process died after the manifest: the next one finds it, and ends the job."""
    location = submit(service).location
    until_finish(service)
    move = service.store.move

    def dying(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    service.store.move = dying  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        service.step()
    service.store.move = move  # type: ignore[method-assign]
    assert MANIFEST in outputs.names()
    assert notes(service)
    calls: list[tuple[str, str]] = []
    outputs.fault = lambda *call: calls.append(call)
    expire_leases(service)
    service.reconcile()
    service.work()
    assert [method for method, _ in calls] == ["read"]
    assert job_of(service, location)["state"] == "succeeded"
    assert not notes(service)


def test_a_folder_with_results_is_refused(service: Service) -> None:
    """At the submission, and in a dry run; nothing is stored of the job."""
    submit(service)
    service.work()
    problem(submit(service), 409, "output-taken")
    body = {"input": SOURCE, "output": FOLDER}
    problem(service.client.post("/jobs?validate=true", json=body), 409, "output-taken")
    assert len(service.blobs.folders("jobs/")) == 1, "nothing is left of the refused one"


def test_two_jobs_at_one_folder(service: Service, outputs: MemoryOutputs) -> None:
    """The first manifest wins. The other job fails, its file is removed, and its rows stay."""
    first, second = submit(service).location, submit(service).location
    service.work()
    states = {location: job_of(service, location) for location in (first, second)}
    ended = {one["state"]: location for location, one in states.items()}
    assert set(ended) == {"succeeded", "failed"}
    winner, loser = ended["succeeded"].split("/")[2], ended["failed"]
    assert outputs.names() == [MANIFEST, f"results-{winner}.csv"]
    assert outputs.manifest()["job"] == winner
    error = states[loser]["error"]
    assert f"has the results of job {winner} already" in error
    assert f"{loser}/results?partial=true" in error
    rows = service.client.get(f"{loser}/results?partial=true&format=csv").data
    assert rows == service.client.get(f"{ended['succeeded']}/results").data
    assert not notes(service)
    problem(service.client.post(f"{loser}/retry"), 409, "output-taken")


def test_a_store_that_does_not_answer_delays_the_job(
    service: Service, outputs: MemoryOutputs
) -> None:
    """Its attempt does not count, the job says what holds it up, and it ends when it can."""
    location = submit(service).location
    until_finish(service)

    def away(method: str, _: str) -> None:
        if method == "written":
            raise OutputUnavailable(5, "s3://out answers with an error (503). It is tried again.")

    outputs.fault = away
    service.step()
    job = job_of(service, location)
    assert job["state"] == "running"
    assert f"its results cannot be written to {FOLDER}: s3://out answers" in job["detail"]
    assert outputs.names() == []
    assert notes(service)
    outputs.fault = lambda *_: None
    expire_leases(service)
    service.reconcile()
    service.work()
    assert job_of(service, location)["state"] == "succeeded"
    assert len(outputs.names()) == 2
    assert not notes(service)


@pytest.mark.parametrize("method", ["writing", "written", "create"])
def test_a_denied_write_fails_the_job(
    service: Service, outputs: MemoryOutputs, method: str
) -> None:
    """It says why, and the rows stay where they can be fetched; nothing is left in the folder."""
    location = submit(service).location
    until_finish(service)

    def deny(called: str, _: str) -> None:
        if called == method:
            raise OutputDenied(address=FOLDER, reason="s3://out denies access (AccessDenied).")

    outputs.fault = deny
    service.work()
    job = job_of(service, location)
    assert job["state"] == "failed"
    assert f"cannot be written to {FOLDER}: s3://out denies access (AccessDenied)" in job["error"]
    assert outputs.names() == []
    assert not notes(service)
    answer = service.client.get(f"{location}/results?partial=true&format=csv")
    assert answer.data.count(b"\n") == 41
    outputs.fault = lambda *_: None
    retried = service.client.post(f"{location}/retry")
    assert retried.status_code == 202


@pytest.mark.parametrize("at", ["writing", "written", "create"])
@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_job_that_ends_while_it_is_written_leaves_nothing(
    service: Service, outputs: MemoryOutputs, at: str, is_deleted: bool
) -> None:
    """It is cancelled or deleted in the middle."""
    location = submit(service).location
    until_finish(service)

    def end(method: str, name: str) -> None:
        if method == at and (at != "create" or name == MANIFEST):
            outputs.fault = lambda *_: None
            service.client.post(f"{location}/cancel")
            if is_deleted:
                service.client.delete(location)

    outputs.fault = end
    service.work()
    if is_deleted and at == "create":
        # All of it was there when nobody knew the job any more: it may have succeeded.
        assert MANIFEST in outputs.names()
    else:
        assert outputs.names() == []
    assert not notes(service)


@pytest.mark.parametrize("end", ["cancel", "delete"])
@pytest.mark.parametrize("at", ["written", "create"])
def test_what_a_dead_process_has_left_is_swept(
    service: Service, outputs: MemoryOutputs, end: str, at: str
) -> None:
    """The process died while it wrote, and the job has ended since: a sweep finds the note."""
    location = submit(service).location
    name = f"results-{location.split('/')[2]}.csv"
    until_finish(service)

    def die(method: str, _: str) -> None:
        if method == at:
            raise KeyboardInterrupt

    outputs.fault = die
    with pytest.raises(KeyboardInterrupt):
        service.step()
    outputs.fault = lambda *_: None
    assert outputs.names() == ([name] if at == "create" else [])
    service.store._due.clear()
    service.reconcile()
    assert notes(service), "while the job goes on, all stays for the next attempt"
    if end == "cancel":
        service.client.post(f"{location}/cancel")
    else:
        service.client.delete(location)
    service.dispatch.messages.clear()
    service.store._due.clear()
    service.reconcile()
    service.work()
    assert outputs.names() == []
    assert name in outputs.aborted
    assert not notes(service)


def test_redis_that_has_lost_all_removes_no_output(
    service: Service, outputs: MemoryOutputs
) -> None:
    """The job is restored from its manifest, and its note stays until it has ended again."""
    location = submit(service).location
    until_finish(service)

    def die(method: str, _: str) -> None:
        if method == "create":
            raise KeyboardInterrupt

    outputs.fault = die
    with pytest.raises(KeyboardInterrupt):
        service.step()
    outputs.fault = lambda *_: None
    service.lose()
    service.pipeline.retract(location.split("/")[2])
    assert notes(service)
    service.reconcile()
    service.work()
    service.reconcile()
    service.work()
    assert job_of(service, location)["state"] == "succeeded"
    assert len(outputs.names()) == 2
