"""Jobs when Redis loses all data, when the disk is full, and when their model version goes."""

import copy
import errno
from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service

from shared.config.settings import Settings
from shared.jobs.state import State

CSV = b"ref,text\n" + b"".join(b"%d,%s\n" % (at, b"z" * (at + 1)) for at in range(20))
SCORES = [length_score("z" * n) for n in range(1, 21)]


def scores(service: Service, location: str) -> list[float | None]:
    rows = service.client.get(f"{location}/results?format=json").json["rows"]
    return [row["Sentiment_Score"] for row in rows]


def run(service: Service) -> None:
    service.reconcile()
    service.work()


@pytest.mark.parametrize("steps", range(8))
def test_a_job_that_the_store_has_lost_goes_on(
    service: Service, settings: Settings, steps: int
) -> None:
    """After any number of steps the job is restored from its manifest, and no part scored twice.

    Until it is restored, the API answers 503 with `Retry-After`.
    """
    service.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    accepted = service.submit(CSV)
    for _ in range(steps):
        if service.dispatch.messages:
            service.step()
    service.lose()
    answer = service.client.get(accepted.location)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["type"].endswith("job-not-restored")
    run(service)
    job = service.client.get(accepted.location).json
    assert (job["state"], job["rows"]["completed"]) == ("succeeded", 20)
    assert scores(service, accepted.location) == SCORES
    assert sum(service.model.calls) == 20


@pytest.mark.parametrize("end", ["succeeded", "cancelled"])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_job_whose_end_the_store_has_lost_keeps_it(
    service: Service, end: str, steps: int
) -> None:
    """A replica that takes over has the job running, and its upload was deleted at its end."""
    accepted = service.submit(CSV)
    for _ in range(steps):
        service.step()
    late, messages = copy.deepcopy(service.store.__dict__), list(service.dispatch.messages)
    if end == "cancelled":
        service.client.post(f"{accepted.location}/cancel")
    service.work()
    before = service.client.get(accepted.location).json
    assert before["state"] == end
    service.store.__dict__.update(late)
    assert service.client.get(accepted.location).json["state"] in ("queued", "running")
    service.dispatch.messages.extend(messages)
    service.work()
    assert service.client.get(accepted.location).json == before
    if end == "succeeded":
        assert scores(service, accepted.location) == SCORES


def test_what_a_failover_has_lost_is_looked_for_until_it_is_found(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just after a failover a sweep may fail; the next turn of the reconciler begins it again."""
    accepted = service.submit(CSV)
    late = copy.deepcopy(service.store.__dict__)
    service.client.post(f"{accepted.location}/cancel")
    service.store.__dict__.update(late)
    service.reconcile()
    assert service.client.get(accepted.location).json["state"] == "queued"
    service.store.is_restarted = True
    with monkeypatch.context() as patched:
        patched.setattr(service.blobs, "folders", broken)
        with pytest.raises(OSError, match="away"):
            service.reconcile()
    service.reconcile()
    assert service.client.get(accepted.location).json["state"] == "cancelled"


def broken(*_: object) -> Any:
    raise OSError(errno.EIO, "the store is away")


def test_an_ended_job_is_restored_with_its_end(service: Service) -> None:
    """A cancelled job is not scored, a deleted one not restored, a failed one keeps its error."""
    jobs = {name: service.submit(CSV) for name in ("cancelled", "deleted")}
    jobs["failed"] = service.submit(b'text\n"never closed' + b" " * 2**21)
    service.client.post(f"{jobs['cancelled'].location}/cancel")
    service.client.delete(jobs["deleted"].location)
    service.work()
    before = {name: service.client.get(job.location).json for name, job in jobs.items()}
    service.lose()
    run(service)
    for name in ("cancelled", "failed"):
        after = service.client.get(jobs[name].location).json
        assert (after["state"], after["error"]) == (name, before[name]["error"])
    assert service.client.get(jobs["deleted"].location).status_code == 410
    assert service.model.calls == []


def test_a_small_job_that_the_store_has_lost_says_so(service: Service) -> None:
    """A small job is in Redis only: its id answers 410 `job-lost`. An unknown id answers 404."""
    small = service.client.post("/jobs", json={"text": ["a"]})
    service.lose()
    service.reconciler.reconcile([])
    answer = service.client.get(small.location)
    assert (answer.status_code, answer.json["type"]) == (410, "urn:scorelane:problem:job-lost")
    assert service.client.get(f"/jobs/{'f' * 32}").status_code == 404


def test_blobs_of_no_job_are_removed(service: Service) -> None:
    """An aborted upload is removed only after nothing was written to it for a long time."""
    accepted = service.submit(CSV)
    left = f"jobs/{'0' * 32}/upload"
    service.blobs.put(left, b"half an upl")
    service.blobs.quiet = 10.0
    service.reconciler.reconcile([])
    assert left in service.blobs.contents
    service.blobs.quiet = 1e6
    service.store._due.clear()
    run(service)
    assert left not in service.blobs.contents
    assert scores(service, accepted.location) == SCORES


def test_a_full_disk_holds_a_job_up_and_costs_it_nothing(
    service: Service,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The job names the reason as long as it waits, and goes on by itself when there is room."""
    service.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    accepted = service.submit(CSV)
    put = service.blobs.put

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(service.blobs, "put", full)
    for _ in range(60):
        run(service)
    job = service.client.get(accepted.location).json
    assert job["state"] == "running"
    assert "It is held up: a part of it cannot be written: No space left" in job["detail"]
    refused = service.submit(CSV)
    assert (refused.status_code, refused.headers["Retry-After"]) == (507, "30")
    monkeypatch.setattr(service.blobs, "put", put)
    run(service)
    job = service.client.get(accepted.location).json
    assert (job["state"], job["rows"]["failed"]) == ("succeeded", 0)
    assert scores(service, accepted.location) == SCORES


def test_a_part_whose_result_is_stored_is_not_scored_again(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a process dies after it stored a result, that result is counted, with its errors."""
    service.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    accepted = service.submit(CSV.replace(b"3,zzzz\n", b"3,\n"))
    with monkeypatch.context() as dying:
        dying.setattr(service.store, "complete_part", dying.undo)
        service.pipeline.split(accepted.json["id"])
        with pytest.raises(TypeError):
            service.pipeline.score(accepted.json["id"], 0)
    run(service)
    job = service.client.get(accepted.location).json
    assert job["rows"] == {"total": 20, "completed": 19, "failed": 1}
    assert sum(service.model.calls) == 19


def test_the_jobs_of_a_replaced_version_fail(service: Service, settings: Settings) -> None:
    """If no worker serves their version and one serves another, they fail, with that reason."""
    bulk, small = service.submit(CSV), service.client.post("/jobs", json={"text": ["a"]})
    service.fleet.replaced[service.model.card.full_name] = settings.replaced_seconds - 1
    service.reconciler.reconcile([])
    assert service.store.get(bulk.json["id"]).state is State.QUEUED
    service.fleet.replaced[service.model.card.full_name] = settings.replaced_seconds
    service.reconciler.reconcile([])
    for accepted in (bulk, small):
        job = service.client.get(accepted.location).json
        assert job["state"] == "failed"
        assert "another version of the model has taken its place" in job["error"]
