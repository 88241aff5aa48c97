"""The history of the service in a real Redis."""

import logging
import time
import uuid
from typing import Any

import pytest
from support.doctor import of
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.monitoring.findings import Severity
from shared.monitoring.logged import ERROR_SECONDS, MOST_ERRORS, LoggedError
from shared.monitoring.redis_findings import redis_findings
from shared.monitoring.sample import MOST_SAMPLES, Sample
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor, log_errors
from shared.redis.overview import RedisOverview


def a_sample(at: float) -> Sample:
    return Sample(at, 1, 2, 3, 4, 0, 5, None, {"fast@1": 1})


def test_the_history_is_bounded_and_in_order(link: RedisLink) -> None:
    """The latest samples are kept, in the order of their times; what cannot be read is left out."""
    monitor = RedisMonitor(link)
    assert monitor.samples() == []
    for at in range(MOST_SAMPLES + 5):
        monitor.record(a_sample(float(at)))
    monitor.record(a_sample(20.5))
    link.client.rpush(link.key("history"), "no sample")
    times = [sample.at for sample in monitor.samples()]
    assert link.client.llen(link.key("history")) == MOST_SAMPLES + 1
    assert times == sorted(times)
    assert 20.5 in times
    assert times[-1] == MOST_SAMPLES + 4


def test_a_full_redis_keeps_its_history(link: RedisLink) -> None:
    """Samples are recorded while Redis refuses what is new: an operator wants to see that time."""
    monitor = RedisMonitor(link)
    link.client.config_set("maxmemory", 1)
    try:
        monitor.record(a_sample(1.0))
        memory = monitor.memory()
    finally:
        link.client.config_set("maxmemory", 0)
    assert [sample.at for sample in monitor.samples()] == [1.0]
    assert memory is not None
    assert memory.used > memory.most == 1


def test_a_user_who_may_not_call_info(link: RedisLink, redis_settings: Settings) -> None:
    """Where INFO is forbidden the service runs on, and a finding says what nobody can see."""
    user, password = uuid.uuid4().hex, "hidden"
    link.client.acl_setuser(
        user,
        enabled=True,
        keys="*",
        passwords=[f"+{password}"],
        categories=["+@all", "-@dangerous"],
    )
    address = redis_settings.redis_url.replace("unix://", f"unix://{user}:{password}@")
    settings = redis_settings.model_copy(update={"redis_url": address})
    other = RedisLink(settings)
    try:
        monitor = RedisMonitor(other)
        state = monitor.server(3)
        assert (monitor.memory(), state.memory, state.info) == (None, None, None)
        found = list(redis_findings(settings, state))
        assert of(found, "redis", "does not let its user call INFO").severity is Severity.WARNING
        monitor.record(Sample(1.0, 0, 0, 0, 0, 0, None, None, {}))
        assert [sample.redis_memory for sample in monitor.samples()] == [None]
    finally:
        other.close()
        link.client.acl_deluser(user)


def an_error(kind: str = "a", **changes: Any) -> LoggedError:
    now = time.time()
    usual = {
        "program": "api",
        "level": "error",
        "logger": "api.errors",
        "kind": kind,
        "message": f"message of {kind}",
        "host": "here",
        "first": now,
        "last": now,
        "count": 1,
    }
    return LoggedError(**(usual | changes))


def test_equal_errors_are_counted_together(link: RedisLink) -> None:
    """Also those of several processes: with the sum, the first time and the last message."""
    monitor, now = RedisMonitor(link), time.time()
    monitor.note([an_error(count=3, first=now - 60, last=now - 50), an_error("b", last=now - 40)])
    monitor.note([an_error(count=2, message="the last", host="there"), an_error(program="worker")])
    found = {(one.program, one.message): one for one in monitor.errors()}
    assert set(found) == {("api", "the last"), ("api", "message of b"), ("worker", "message of a")}
    last = found["api", "the last"]
    assert (last.count, last.host) == (5, "there")
    assert last.first == pytest.approx(now - 60, abs=1)
    assert last.last == pytest.approx(now, abs=1)
    assert monitor.errors()[-1].message == "message of b"
    assert RedisOverview(link).totals().logged == {"error": 7}


def test_the_errors_are_bounded_and_run_out(link: RedisLink) -> None:
    """The kinds that were logged last are kept, for a day; what cannot be read is left out."""
    monitor, now = RedisMonitor(link), time.time()
    monitor.note([an_error("old", first=now - ERROR_SECONDS - 9, last=now - ERROR_SECONDS - 5)])
    assert monitor.errors() == []
    for at in range(MOST_ERRORS + 10):
        monitor.note([an_error(f"{at}", last=now + at / 1000, message=f"{at:0400}")])
    link.client.hset(link.key("errors"), "damaged", "no JSON")
    kept = [int(one.message) for one in monitor.errors()]
    assert kept == list(range(MOST_ERRORS + 9, 9, -1))
    for key in ("errors", "errors:times"):
        assert 0 < link.client.ttl(link.key(key)) <= ERROR_SECONDS
        assert link.client.memory_usage(link.key(key), samples=0) < 100_000


def test_an_error_that_was_stored_damaged_is_counted_anew(link: RedisLink) -> None:
    """A field that cannot be read keeps no error from being noted."""
    monitor = RedisMonitor(link)
    link.client.hset(link.key("errors"), an_error().id, "[1]")
    monitor.note([an_error(count=2, message="\udc80 \u00e9")])
    [one] = monitor.errors()
    assert (one.count, one.message) == (2, "? \u00e9")


def test_a_full_redis_notes_errors(link: RedisLink) -> None:
    """Then there are errors most of all."""
    monitor = RedisMonitor(link)
    link.client.config_set("maxmemory", 1)
    try:
        monitor.note([an_error()])
    finally:
        link.client.config_set("maxmemory", 0)
    assert [one.message for one in monitor.errors()] == ["message of a"]


def test_a_program_notes_what_it_logs(link: RedisLink, redis_settings: Settings) -> None:
    """From a log record to Redis, by the handler that both programs install."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    log_errors(redis_settings, "worker")
    [handler] = [one for one in root.handlers if one not in before]
    try:
        logging.getLogger("worker.x").warning("job=%s waits", "4711")
        [one] = wait_for(RedisMonitor(link).errors)
    finally:
        root.removeHandler(handler)
        handler.close()
    assert (one.program, one.level, one.message) == ("worker", "warning", "job=4711 waits")
    assert one.last == pytest.approx(time.time(), abs=60)
