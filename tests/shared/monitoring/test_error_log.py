"""What the programs log is counted and passed on, whatever happens to Redis."""

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator

import pytest
from support.waiting import wait_for

from shared.monitoring import error_log
from shared.monitoring.error_log import ErrorLog, message_of
from shared.monitoring.logged import MESSAGE_CHARS, MOST_ERRORS, LoggedError

A_TEXT = "a text of a user"

Sent = list[list[LoggedError]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send soon: the times themselves are not what is tested."""
    monkeypatch.setattr(error_log, "SEND_SECONDS", 0.02)
    monkeypatch.setattr(error_log, "FIRST_SECONDS", 0.01)


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger of our own code, whose records go to the handlers of the test alone."""
    own = logging.Logger("worker.test")  # noqa: LOG001  without parents, whose handlers format too
    yield own
    for handler in list(own.handlers):
        own.removeHandler(handler)
        handler.close()


def listen(logger: logging.Logger, send: Callable[[list[LoggedError]], None]) -> ErrorLog:
    handler = ErrorLog("worker", lambda: send)
    logger.addHandler(handler)
    return handler


def total(sent: Sent) -> int:
    return sum(one.count for batch in sent for one in batch)


def test_warnings_and_errors_are_sent(logger: logging.Logger) -> None:
    """With program, level, logger, message, host and times; what is below WARNING is not."""
    sent: Sent = []
    listen(logger, sent.append)
    logger.info("all is well")
    logger.warning("job=%s waits", "1")
    wait_for(lambda: total(sent) == 1)
    [[one]] = sent
    assert (one.program, one.level, one.logger) == ("worker", "warning", logger.name)
    assert (one.message, one.count) == ("job=1 waits", 1)
    assert one.first == one.last <= time.time()
    assert one.host


def test_a_storm_costs_little(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal records are counted, not formatted and not sent one by one."""
    monkeypatch.setattr(error_log, "FIRST_SECONDS", 0.2)
    sent: Sent = []
    formatted: list[object] = []

    class Value:
        def __str__(self) -> str:
            formatted.append(self)
            return "value"

    listen(logger, sent.append)
    for _ in range(20_000):
        logger.error("it failed: %s", Value())
    wait_for(lambda: total(sent) == 20_000)
    assert len(formatted) <= len(sent) < 200


def test_many_kinds_are_bounded(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds beyond the bound become one entry; none of the records is lost from the counts."""
    monkeypatch.setattr(error_log, "FIRST_SECONDS", 0.3)
    sent: Sent = []
    listen(logger, sent.append)
    for number in range(500):
        logger.error(f"kind {number}")  # noqa: G004  a kind of its own each time
    wait_for(lambda: total(sent) == 500)
    assert all(len(batch) <= MOST_ERRORS + 1 for batch in sent)


class Outage:
    """A Redis that takes no errors until it is back."""

    def __init__(self, sent: Sent) -> None:
        self.failures: list[int] = []
        self.is_back = threading.Event()
        self._sent = sent

    def send(self, errors: list[LoggedError]) -> None:
        if not self.is_back.is_set():
            self.failures.append(1)
            raise OSError("Redis is away")
        self._sent.append(errors)


def test_what_cannot_be_sent_waits(logger: logging.Logger) -> None:
    """A Redis that is away neither makes logging fail nor loses counts, and is tried again."""
    sent: Sent = []
    outage = Outage(sent)
    listen(logger, outage.send)
    for _ in range(3):
        logger.warning("no heartbeat")
        failed = len(outage.failures)
        wait_for(lambda: len(outage.failures) > failed)  # noqa: B023  it is called at once
    outage.is_back.set()
    wait_for(lambda: total(sent) == 3)
    [[one]] = sent
    assert one.first <= one.last


def test_a_long_outage_loses_no_count(logger: logging.Logger) -> None:
    """More kinds than the bound, in batches that cannot be sent, are counted as other kinds."""
    sent: Sent = []
    outage = Outage(sent)
    listen(logger, outage.send)
    for number in range(3 * MOST_ERRORS):
        logger.error(f"kind {number}")  # noqa: G004  a kind of its own each time
        if number % MOST_ERRORS == 0:
            failed = len(outage.failures)
            wait_for(lambda: len(outage.failures) > failed)  # noqa: B023  it is called at once
    outage.is_back.set()
    wait_for(lambda: total(sent) == 3 * MOST_ERRORS)
    assert all(len(batch) <= MOST_ERRORS + 1 for batch in sent)


def test_logging_by_the_sender_is_no_loop(logger: logging.Logger) -> None:
    """A record that is logged while records are sent is not sent itself."""
    calls: Sent = []

    def send(errors: list[LoggedError]) -> None:
        calls.append(errors)
        if len(calls) < 4:
            logger.error("cannot send")
            raise OSError("Redis is away")

    listen(logger, send)
    logger.error("the first")
    wait_for(lambda: len(calls) == 4)
    assert all([one.message for one in batch] == ["the first"] for batch in calls)


def test_a_slow_redis_holds_up_nobody(logger: logging.Logger) -> None:
    """Records are logged while the sender hangs."""
    hangs, goes_on = threading.Event(), threading.Event()
    sent: Sent = []

    def send(errors: list[LoggedError]) -> None:
        hangs.set()
        assert goes_on.wait(60)
        sent.append(errors)

    listen(logger, send)
    logger.error("one")
    assert hangs.wait(60)
    for _ in range(100):
        logger.error("two")
    goes_on.set()
    wait_for(lambda: total(sent) == 101)


def test_a_record_that_cannot_be_formatted_is_passed_over(logger: logging.Logger) -> None:
    """A mistake in a call of a logger does not raise, and the next record is sent."""
    sent: Sent = []
    listen(logger, sent.append)
    logger.error("%d rows", "many")
    logger.error("the next")
    wait_for(lambda: total(sent) == 1)
    assert sent[0][0].message == "the next"


def test_the_end_of_a_program_is_sent(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is logged last is often why a program ends: `logging` closes its handlers at exit."""
    monkeypatch.setattr(error_log, "FIRST_SECONDS", 60.0)
    sent: Sent = []
    handler = listen(logger, sent.append)
    logger.critical("the worker stops")
    handler.close()
    assert [one.message for one in sent[0]] == ["the worker stops"]


@pytest.mark.process
def test_a_forked_process_sends_its_own_records_only(logger: logging.Logger) -> None:
    """Records that the parent has not sent yet are not sent twice."""
    reader, writer = os.pipe()

    def send(errors: list[LoggedError]) -> None:
        os.write(writer, f"{os.getpid()}:{','.join(one.message for one in errors)}\n".encode())

    handler = listen(logger, send)
    logger.error("parent")
    if not (pid := os.fork()):
        logger.error("child")
        handler.close()
        os._exit(0)
    os.waitpid(pid, 0)
    found: list[str] = []
    while len(found) < 2:
        found += os.read(reader, 4096).decode().split()
    assert sorted(found) == sorted([f"{os.getpid()}:parent", f"{pid}:child"])


def record_of(name: str, message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "x.py", 1, message, values, None)


def int_of(text: str) -> int:
    return int(text)


def test_no_message_holds_a_text() -> None:
    """Values in other code's messages, and the messages of all exceptions, are left out."""
    assert message_of(record_of("gunicorn.error", "Error handling request %s", A_TEXT)) == (
        "Error handling request %s"
    )
    assert message_of(record_of("worker.x", "part=%d failed", 3)) == "part=3 failed"
    with pytest.raises(ValueError, match=A_TEXT) as raised:
        int_of(A_TEXT)
    for name in ("celery.app", "worker.x"):
        record = record_of(name, "it raised")
        record.exc_info = (ValueError, raised.value, raised.value.__traceback__)
        message = message_of(record)
        assert message.startswith("it raised (ValueError at ")
        assert "(int_of)" in message
        assert A_TEXT not in message
    text = warnings.formatwarning(A_TEXT, UserWarning, "/lib/model.py", 7, "f(x)")
    assert message_of(record_of("py.warnings", "%s", text)) == "UserWarning at /lib/model.py:7"


def test_a_message_that_was_made_of_values_is_its_place() -> None:
    """A runtime may put a text into its message itself: then the place alone is told."""
    assert message_of(record_of("my_runtime", f"cannot read {A_TEXT}")) == "a message at x.py:1"
    assert message_of(record_of("my_runtime", "cannot read %s", A_TEXT)) == "cannot read %s"
    assert message_of(record_of("celery.worker", "the broker is away")) == "the broker is away"


def test_messages_of_one_place_are_one_kind() -> None:
    """Messages that were made of values do not push all other kinds out of the list."""
    sent: Sent = []
    runtime = logging.Logger("my_runtime")  # noqa: LOG001  without parents, as `logger`
    handler = listen(runtime, sent.append)
    for number in range(MOST_ERRORS * 2):
        runtime.error(f"cannot read row {number}")
    handler.close()
    wait_for(lambda: total(sent) == MOST_ERRORS * 2)
    assert {(one.logger, one.kind) for batch in sent for one in batch} == {
        ("my_runtime", sent[0][0].kind)
    }


def test_a_message_is_a_short_line() -> None:
    """The first line, cut at a bound."""
    assert message_of(record_of("worker.x", "one\ntwo")) == "one"
    assert message_of(record_of("worker.x", "")) == ""
    assert len(message_of(record_of("worker.x", "x" * 10_000))) == MESSAGE_CHARS
