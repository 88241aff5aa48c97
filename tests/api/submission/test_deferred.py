"""A small job that the event loop records after its request, and a thread if that fails."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from support.idempotency import BODIES, jobs, send
from support.in_memory import Service
from support.problems import problem

from api.process.deferred import deferring, in_thread_after
from shared.no_waiting import no_waiting


def test_a_job_is_left_to_the_event_loop(service: Service) -> None:
    """Its request is answered as ever, and records nothing; what is left makes this job."""
    send(service, **BODIES["small"]())
    with deferring() as deferred, no_waiting():
        answer = send(service, key="another", **BODIES["small"]())
    assert answer.status_code == 202
    assert jobs(service) == 1
    assert deferred.new
    service.store.create(*deferred.new)
    assert service.client.get(answer.location).json["id"] == answer.json["id"]


@pytest.mark.parametrize("is_recorded", [False, True])
def test_a_job_that_is_perhaps_recorded(service: Service, is_recorded: bool) -> None:
    """A thread answers as if it had lost Redis itself: with a key, it can be sent again."""
    with deferring() as deferred:
        first = send(service, **BODIES["small"]())
    assert deferred.new
    if is_recorded:
        service.store.create(*deferred.new)
    with in_thread_after(RedisConnectionError("cut")):
        answer = send(service, **BODIES["small"]())
    if is_recorded:
        assert (answer.status_code, answer.location) == (202, first.location)
        assert jobs(service) == 1
    else:
        problem(answer, 503, "perhaps-accepted")
        assert jobs(service) == 0


def test_a_job_without_a_key_that_is_perhaps_recorded(service: Service) -> None:
    """Its request is answered with the error, and makes no second job."""
    request: dict[str, Any] = BODIES["small"]()
    with in_thread_after(RedisConnectionError("cut")):
        problem(send(service, key=None, **request), 503, "store-unavailable")
    assert jobs(service) == 0
