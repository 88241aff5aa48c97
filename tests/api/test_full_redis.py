"""A Redis that refuses to write: reads go on, and what is new is refused clearly."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.problems import problem
from support.refusing import full_disk, full_memory, no_replicas

from api.security.keys import new_key
from shared.config.settings import Settings
from shared.jobs.job_ids import is_job_id
from shared.redis.link import RedisLink

KEY, LINE = new_key("alice", "submit,read")
HEADERS = {"Authorization": f"Bearer {KEY}"}
ROWS = {"text": ["good", "bad"]}

Full = Callable[[Any], AbstractContextManager[None]]
WHY = {
    full_memory: "its memory is full",
    full_disk: "it cannot write to its disk",
    no_replicas: "too few of its replicas are connected",
}

either = pytest.mark.parametrize("full", WHY)


@pytest.fixture
def keyed(redis_settings: Settings, link: RedisLink) -> Service:
    """The service with a real Redis, keys and a rate limit."""
    keys = {"api_keys": SecretStr(LINE), "default_model": "length"}
    return make_service(redis_settings.model_copy(update=keys), link)


def submitted(service: Service, **options: Any) -> str:
    """The address of a new small job."""
    answer = service.client.post("/jobs", json=ROWS, headers=HEADERS, **options)
    assert answer.status_code == 202, answer.text
    return str(answer.location)


def get(service: Service, path: str) -> Any:
    return service.client.get(path, headers=HEADERS)


@either
def test_reads_go_on(keyed: Service, link: RedisLink, full: Full) -> None:
    """Jobs, their results, the list and the models are answered, for a key with a rate limit."""
    job = submitted(keyed)
    keyed.work()
    paths = (job, f"{job}/results", f"{job}/summary", f"{job}/errors", "/jobs", "/models")
    before = [get(keyed, path).data for path in paths]
    with full(link.client):
        assert [get(keyed, path).data for path in paths] == before
        assert get(keyed, "/readyz").status_code == 200


@either
def test_waiting_for_a_job_goes_on(keyed: Service, link: RedisLink, full: Full) -> None:
    """A wait for a job that has ended returns at once; another one when its time is over."""
    ended = submitted(keyed)
    keyed.work()
    waiting = submitted(keyed)
    with full(link.client):
        for job, state in ((ended, "succeeded"), (waiting, "queued")):
            answer = keyed.client.get(job, headers=HEADERS | {"Prefer": "wait=1"})
            assert (answer.status_code, answer.json["state"]) == (200, state)


@either
def test_what_is_new_is_refused(keyed: Service, link: RedisLink, full: Full) -> None:
    """A job of any size and a question are refused with a 503 that says why; nothing is stored."""
    csv = {"data": b"ref,text\n1,good\n", "content_type": "text/csv"}
    bound = {"headers": HEADERS | {"Idempotency-Key": "k"}}
    with full(link.client):
        for path, body in (
            ("/jobs", {"json": ROWS}),
            ("/jobs", {"json": ROWS} | bound),
            ("/jobs", csv),
            ("/jobs", csv | bound),
            ("/sentiment", {"json": ROWS}),
        ):
            answer = keyed.client.post(path, **({"headers": HEADERS} | body))
            assert WHY[full] in problem(answer, 503, "store-full")
            assert answer.headers["Retry-After"] == "10"
        assert get(keyed, "/jobs").json["jobs"] == []
        assert not [key for key in keyed.blobs.folders("jobs/") if is_job_id(key)]
    for _ in range(2):
        answer = keyed.client.post("/jobs", json=ROWS, **bound)
        assert answer.status_code == 202
    assert len(get(keyed, "/jobs").json["jobs"]) == 1


def test_deleting_and_cancelling_go_on_with_a_full_memory(keyed: Service, link: RedisLink) -> None:
    """Jobs that wait, and jobs that have ended, can be deleted and cancelled."""
    ended, waiting, third = (submitted(keyed) for _ in range(3))
    keyed.work()
    bulk = keyed.client.post(
        "/jobs", data=b"ref,text\n1,good\n", content_type="text/csv", headers=HEADERS
    ).location
    with full_memory(link.client):
        assert keyed.client.post(f"{bulk}/cancel", headers=HEADERS).json["state"] == "cancelled"
        for job in (ended, waiting, third, bulk):
            assert keyed.client.delete(job, headers=HEADERS).status_code == 204
            assert get(keyed, job).status_code == 404
    assert get(keyed, "/jobs").json["jobs"] == []


def test_deleting_is_refused_while_the_disk_is_full(keyed: Service, link: RedisLink) -> None:
    """A delete that Redis could not keep is refused; with room it works."""
    job = submitted(keyed)
    with full_disk(link.client):
        problem(keyed.client.delete(job, headers=HEADERS), 503, "store-full")
    assert keyed.client.delete(job, headers=HEADERS).status_code == 204


def test_work_and_expiry_go_on_with_a_full_memory(keyed: Service, link: RedisLink) -> None:
    """Recorded jobs are scored to their end, and expired ones are removed."""
    small = submitted(keyed)
    csv = b"ref,text\n" + b"1,good\n" * 20
    bulk = keyed.client.post("/jobs", data=csv, content_type="text/csv", headers=HEADERS).location
    with full_memory(link.client):
        keyed.work()
        for job in (small, bulk):
            assert get(keyed, job).json["state"] == "succeeded"
            assert get(keyed, f"{job}/results").status_code == 200
    for job in (small, bulk):
        link.client.zadd(link.key("jobs", "ended"), {job.rpartition("/")[2]: 0})
    with full_memory(link.client):
        keyed.reconcile()
        for job in (small, bulk):
            problem(get(keyed, job), 410, "job-expired")


def test_the_rate_limit_holds_with_a_full_memory(redis_settings: Settings, link: RedisLink) -> None:
    """An owner's requests are also counted while the memory is full."""
    changes = {"api_keys": SecretStr(LINE), "requests_per_minute": 2}
    service = make_service(redis_settings.model_copy(update=changes), link)
    with full_memory(link.client):
        statuses = [get(service, "/jobs").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_health_check_of_the_connection_passes(
    keyed: Service, link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle connection is checked by a PING; with a full disk Redis answers that by an error."""
    job = submitted(keyed)
    with full_disk(link.client):
        for connection in link.client.connection_pool._available_connections:
            monkeypatch.setattr(connection, "next_health_check", 0.0)
        assert get(keyed, job).status_code == 200
