"""The doorbell's message that a script sends is the one that Celery would send."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, make_celery, small_queue
from shared.redis.link import RedisLink
from shared.telemetry import context

MODEL, OTHER = "length@1", "length@2"

#: A question's id.
TAG = "20261130c0ffee"


@pytest.fixture
def celery(redis_settings: Settings) -> Iterator[Celery]:
    app = make_celery(redis_settings)
    yield app
    app.close()


def sent_by_celery(celery: Celery, link: RedisLink) -> dict[str, Any]:
    CeleryDispatch(celery, clock=lambda: 12.5).answer(MODEL)
    found: dict[str, Any] = json.loads(link.client.lpop(link.key(small_queue(MODEL))))
    return found


def test_a_script_sends_what_celery_sends(celery: Celery, link: RedisLink) -> None:
    """Only the ids differ, which are those of a question."""
    dispatch = CeleryDispatch(celery, clock=lambda: 12.5)
    with context.about(request_id="me", traceparent="00-aa-bb-01"):
        expected = sent_by_celery(celery, link)
        found = json.loads(dispatch.doorbell(MODEL, TAG))
    for place, name in (
        ("headers", "id"),
        ("headers", "root_id"),
        ("properties", "correlation_id"),
        ("properties", "delivery_tag"),
    ):
        assert found[place][name] == TAG
        expected[place][name] = TAG
    assert found == expected
    assert found["headers"]["sent_at"] == 12.5
    assert found["headers"]["request_id"] == "me"


def test_each_model_and_each_request_has_a_message_of_its_own(celery: Celery) -> None:
    """What is remembered of a message is neither its sender's, nor that of another model."""
    dispatch = CeleryDispatch(celery)
    for model, request in ((MODEL, "first"), (OTHER, "second"), (MODEL, "third")):
        with context.about(request_id=request):
            found = json.loads(dispatch.doorbell(model, f"{TAG}{request}"))
        assert found["headers"]["request_id"] == request
        assert found["headers"]["id"] == f"{TAG}{request}"
        assert found["properties"]["delivery_info"]["routing_key"] == small_queue(model)
        assert model in found["headers"]["argsrepr"]
