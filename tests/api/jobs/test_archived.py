"""The API answers in the same way for a small job in Redis and for one that has moved."""

from typing import Any

import pytest
from support.in_memory import Service, make_service
from support.problems import problem

from shared.config.settings import Settings
from shared.redis.link import RedisLink

ROWS = {"ref": ["a", "b", "c"], "text": ["good", "", "bad"]}


@pytest.fixture
def archiving(redis_settings: Settings, link: RedisLink) -> Service:
    """The service with a real Redis, from which each ended small job may move at once."""
    return make_service(
        redis_settings.model_copy(update={"archive_seconds": 0.0, "default_model": "length"}), link
    )


def ended(service: Service, **options: Any) -> str:
    answer = service.client.post("/jobs", json=ROWS | options.pop("rows", {}), **options)
    assert answer.status_code == 202, answer.text
    service.work()
    return str(answer.location)


def test_every_answer_stays(archiving: Service) -> None:
    """The job, its results in each format, its errors, its summary and the list do not change."""
    job = ended(archiving)
    paths = [f"{job}{path}" for path in ("", "/results?format=json", "/results?format=ndjson")]
    paths += [f"{job}{path}" for path in ("/results", "/errors", "/summary", "/events")]
    paths.append("/jobs?state=succeeded")
    before = [archiving.client.get(path) for path in paths]
    assert [answer.status_code for answer in before] == [200] * len(paths)
    archiving.reconcile()
    assert archiving.store.small_result(job.rpartition("/")[2])
    assert not archiving.store._link.client.exists(archiving.store._job(job.rpartition("/")[2]))
    after = [archiving.client.get(path) for path in paths]
    assert [answer.data for answer in after] == [answer.data for answer in before]
    tag = before[0].headers["ETag"]
    assert archiving.client.get(job, headers={"If-None-Match": tag}).status_code == 304
    problem(archiving.client.post(f"{job}/cancel"), 409, "job-ended")


def test_a_moved_job_is_deleted(archiving: Service) -> None:
    """A delete of a moved job leaves nothing of its texts in the blob store."""
    job = ended(archiving)
    archiving.reconcile()
    assert archiving.client.delete(job).status_code == 204
    problem(archiving.client.get(job), 404, "job-not-found")
    assert b"good" not in b"".join(archiving.blobs.contents.values())
    assert archiving.client.get("/jobs").json["jobs"] == []


def test_a_moved_job_is_retried(archiving: Service) -> None:
    """A job that failed can be retried after its move, with all its rows."""
    job = ended(archiving, query_string={"on_error": "fail"})
    assert archiving.client.get(job).json["state"] == "failed"
    archiving.reconcile()
    again = archiving.client.post(f"{job}/retry")
    assert again.status_code == 202
    archiving.work()
    assert archiving.client.get(again.location).json["rows"]["total"] == 3


def test_a_key_is_replayed_after_the_move(archiving: Service) -> None:
    """A request that is sent again with its Idempotency-Key gets the moved job."""
    headers = {"Idempotency-Key": "k"}
    job = ended(archiving, headers=headers)
    archiving.reconcile()
    again = archiving.client.post("/jobs", json=ROWS, headers=headers)
    assert (again.location, again.headers["Idempotency-Replayed"]) == (job, "true")
    archiving.client.delete(job)
    assert archiving.client.post("/jobs", json=ROWS, headers=headers).location != job
