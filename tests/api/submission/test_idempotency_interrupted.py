"""`Idempotency-Key` when a request, Redis or the queue breaks off: still one job."""

from collections.abc import Iterator
from typing import Any

import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from support.idempotency import BODIES, CSV, jobs, send, streamed
from support.in_memory import Service
from support.problems import problem
from werkzeug.exceptions import ClientDisconnected

from shared.config.settings import Settings
from worker.upkeep.reconciler import Reconciler


def test_a_request_that_broke_off_frees_its_key(service: Service) -> None:
    """The next request with the key makes the job."""

    def body() -> Iterator[bytes]:
        yield CSV[:5]
        raise ClientDisconnected

    send(service, content_type="text/csv", environ_overrides=streamed(body()))
    assert send(service, **BODIES["csv"]()).status_code == 202
    assert jobs(service) == 1


@pytest.mark.parametrize("kind", ["csv", "small"])
def test_a_job_whose_message_was_lost_is_accepted(
    service: Service, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It is recorded, and the reconciler sends the message; an error would lead to a second job."""

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(service.dispatch, "split", away)
        broken.setattr(service.dispatch, "answer", away)
        first = send(service, **BODIES[kind]())
    assert first.status_code == 202
    assert send(service, **BODIES[kind]()).location == first.location


def test_an_upload_that_is_slower_than_its_lease(service: Service) -> None:
    """Another request makes the job; the slow one is refused, and nothing of it is kept."""
    answers: list[Any] = []

    def body() -> Iterator[bytes]:
        yield CSV[:5]
        service.store._keys.clear()  # nothing came for the time of its lease
        answers.append(send(service, **BODIES["csv"]()))
        yield CSV[5:]

    slow = send(service, content_type="text/csv", environ_overrides=streamed(body()))
    assert answers[0].status_code == 202
    problem(slow, 409, "idempotency-key-in-use")
    assert jobs(service) == 1
    assert all(answers[0].json["id"] in key for key in service.blobs.contents)
    assert send(service, **BODIES["csv"]()).location == answers[0].location


def cut_off(service: Service, broken: pytest.MonkeyPatch, *, is_recorded: bool) -> None:
    """Make Redis fail before a job is recorded, or after it, when its answer is lost."""
    create = service.store.create

    def cut(*args: Any, **more: Any) -> bool:
        if is_recorded:
            create(*args, **more)
        raise RedisConnectionError("cut")

    broken.setattr(service.store, "create", cut)


@pytest.mark.parametrize("kind", BODIES)
def test_a_job_that_is_recorded_although_redis_did_not_answer(
    service: Service, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The error says that the job may exist; sent again, the request gets it with all its rows."""
    with monkeypatch.context() as broken:
        cut_off(service, broken, is_recorded=True)
        first = send(service, **BODIES[kind]())
    assert "same Idempotency-Key" in problem(first, 503, "perhaps-accepted")
    assert first.headers["Retry-After"]
    again = send(service, **BODIES[kind]())
    assert again.status_code == 202, again.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert jobs(service) == 1
    # Its message was never sent.
    if kind == "small":
        service.dispatch.answer(service.model.card.full_name)
    else:
        service.dispatch.split(service.model.card.full_name, again.json["id"])
    service.work()
    assert service.client.get(f"{again.location}/results").status_code == 200


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("sweeps", ["before", "after", "meanwhile"])
def test_a_job_that_is_not_recorded_and_redis_did_not_answer(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: str, sweeps: str
) -> None:
    """As if a process died before it recorded the job: there is one job, whenever a sweep comes."""
    with monkeypatch.context() as broken:
        cut_off(service, broken, is_recorded=False)
        problem(send(service, **BODIES[kind]()), 503, "perhaps-accepted")
    problem(send(service, **BODIES[kind]()), 409, "idempotency-key-in-use")
    service.store._keys.clear()  # its lease runs out
    create = service.store.create

    def meanwhile(*args: Any, **more: Any) -> bool:
        sweep(service, settings)
        return create(*args, **more)

    if sweeps == "before":
        sweep(service, settings)
    elif sweeps == "meanwhile":
        monkeypatch.setattr(service.store, "create", meanwhile)
    again = send(service, **BODIES[kind]())
    assert again.status_code == 202, again.text
    if sweeps == "after":
        sweep(service, settings)
    assert jobs(service) == 1
    service.work()
    assert service.client.get(f"{again.location}/results").status_code == 200
    service.client.delete(again.location)
    service.store._due.clear()
    sweep(service, settings)
    assert jobs(service) == 0
    assert service.blobs.contents == {}


def sweep(service: Service, settings: Settings) -> None:
    """Look for jobs that only the blob store knows, as a worker does."""
    Reconciler(
        settings,
        store=service.store,
        blobs=service.blobs,
        dispatch=service.dispatch,
        fleet=service.fleet,
    ).reconcile([service.model.card.full_name])
