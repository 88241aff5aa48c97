"""`GET /service` with a real Redis: who may see it, and what happens when Redis is full or away."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.problems import problem
from support.refusing import full_disk, full_memory

from api.security.keys import new_key
from shared.config.settings import Settings
from shared.redis.link import RedisLink


@pytest.fixture
def service(redis_settings: Settings, link: RedisLink) -> Service:
    redis_settings.blobs_dir.mkdir()
    return make_service(redis_settings, link)


def messages(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["message"] for one in answer.json["findings"]]


def test_only_admins_see_it(redis_settings: Settings, link: RedisLink) -> None:
    """It shows the work of all owners, so a key needs the scope admin."""
    keys = {scope: new_key("alice", scope) for scope in ("submit,read", "admin")}
    lines = SecretStr("\n".join(line for _, line in keys.values()))
    service = make_service(redis_settings.model_copy(update={"api_keys": lines}), link)
    assert service.client.get("/service").status_code == 401
    statuses = {
        scope: service.client.get(
            "/service", headers={"Authorization": f"Bearer {key}"}
        ).status_code
        for scope, (key, _) in keys.items()
    }
    assert statuses == {"submit,read": 403, "admin": 200}


def test_the_state_of_a_real_redis(service: Service) -> None:
    """Memory, latency and persistence are those of the server."""
    answer = service.client.get("/service")
    assert answer.json["now"]["memory"]["redis"]["used"] > 100_000
    found = " ".join(messages(answer))
    assert "A call to Redis takes" in found
    assert "Redis has no append-only file" in found
    assert "The clock at the API is" in found


@pytest.mark.parametrize("full", [full_memory, full_disk])
def test_a_full_redis_can_be_looked_at(
    service: Service, link: RedisLink, full: Callable[[Any], AbstractContextManager[None]]
) -> None:
    """Then operators look at it most of all."""
    with full(link.client):
        found = messages(service.client.get("/service"))
    says_so = any("could not save its data" in message for message in found)
    assert says_so is (full is full_disk)


def test_a_full_memory_is_a_limit_that_is_near(service: Service, link: RedisLink) -> None:
    """And a finding with what to do."""
    with full_memory(link.client):
        answer = service.client.get("/service")
    limits = {one["limit"]: one for one in answer.json["now"]["limits"]}
    assert limits["maxmemory"]["near"] is True
    assert limits["SCORELANE_MAX_WAITING_JOBS"]["near"] is False
    assert any(
        "of the" in message and "MB that it may use" in message for message in messages(answer)
    )


def test_a_redis_that_answers_late_is_waited_for(service: Service, link: RedisLink) -> None:
    """An answer comes, and takes as long as Redis does."""
    link.client.client_pause(500, all=True)
    assert service.client.get("/service").status_code == 200


def test_a_request_sends_a_fixed_number_of_commands(
    service: Service, link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs, samples, errors and workers add none, so slow networks cost a bounded time."""
    sent: list[str] = []
    send = link.client.execute_command

    def count(*words: Any, **options: Any) -> Any:
        sent.append(words[0])
        return send(*words, **options)

    monkeypatch.setattr(link.client, "execute_command", count)
    service.client.get("/service")
    sent.clear()
    service.client.get("/service")
    few = list(sent)
    for _ in range(20):
        service.submit(b"text\ngood\n")
    sent.clear()
    service.client.get("/service")
    # The time of Redis is asked for every ten seconds.
    assert len(sent) <= len(few) + 1
    assert len(few) < 20


def test_without_redis_it_is_a_503(redis_settings: Settings) -> None:
    """The usual problem, with a Retry-After."""
    settings = redis_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    link = RedisLink(settings)
    answer = make_service(settings, link).client.get("/service")
    problem(answer, 503, "store-unavailable")
    link.close()
