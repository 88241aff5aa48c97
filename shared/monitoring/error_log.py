"""A logging handler that passes warnings and errors on, for operators to read in one place.

Logging must not fail or wait because of it, and a storm of errors must cost little. So a record is
only counted; a thread sends the counts, at most once in `SEND_SECONDS`. What cannot be sent waits
for the next time, within a bound. Counts are sent again if Redis took them and answered too late,
so they may be too high after a disturbance. What a killed process has not sent is lost.
"""

import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from shared.monitoring.logged import MESSAGE_CHARS, MOST_ERRORS, LoggedError
from shared.telemetry.logs import OURS
from shared.telemetry.safe_traceback import where

#: The seconds from one sending to the next, and those before the first one.
SEND_SECONDS, FIRST_SECONDS = 5.0, 0.1

#: What `warnings` gives to logging: place, category, message and a line of code.
_WARNING = re.compile(r"(?P<place>.+?:\d+): (?P<category>\w+): ")

#: Libraries that log what goes wrong in the service itself. Their messages have no values in them:
#: these come apart, or not at all.
_LIBRARIES = ("amqp", "asyncio", "billiard", "celery", "flask", "gunicorn", "kombu", "redis")

#: In place of the kinds beyond the bound.
_OTHERS = "and other kinds of messages"

_Key = tuple[str, str, str]

Send = Callable[[list[LoggedError]], None]


class ErrorLog(logging.Handler):
    """Counts records of WARNING and above by their kind, and sends the counts from a thread."""

    def __init__(self, program: str, connect: Callable[[], Send]) -> None:
        """Send nothing yet.

        Args:
            program: the name of this program.
            connect: makes, in each process that has something to send, the function that sends;
                that may raise any exception.
        """
        super().__init__(logging.WARNING)
        self._program = program
        self._connect = connect
        self._host = socket.gethostname()
        self._local = threading.local()
        self._begin()

    def _begin(self) -> None:
        """Begin with nothing: a forked process must not send what its parent has counted."""
        self._pid = os.getpid()
        self._waiting: dict[_Key, LoggedError] = {}
        self._thread: threading.Thread | None = None
        self._send: Send | None = None
        self._sent_at = -SEND_SECONDS

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record; no error leaves this method, and it never waits for Redis."""
        # What the sending itself logs would be sent, and logged again.
        if getattr(self._local, "is_sending", False):
            return
        try:
            if os.getpid() != self._pid:
                self._begin()
            self._count(record)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="error-log", daemon=True)
                self._thread.start()
        except Exception:  # noqa: BLE001  a record that cannot be formatted, no more threads
            if self._thread and not self._thread.is_alive():
                self._thread = None

    def _count(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        key = record.name, record.levelname, f"{_kind_of(record)[:MESSAGE_CHARS]} {error}"
        if key not in self._waiting and len(self._waiting) >= MOST_ERRORS:
            key = "", record.levelname, _OTHERS
        if known := self._waiting.get(key):
            # The message is not formatted: in a storm that would cost the most.
            self._waiting[key] = replace(known, last=record.created, count=known.count + 1)
            return
        logger, level, kind = key
        message = kind if kind == _OTHERS else message_of(record)
        self._waiting[key] = LoggedError(
            program=self._program,
            level=level.lower(),
            logger=logger,
            kind=kind,
            message=message,
            host=self._host,
            first=record.created,
            last=record.created,
            count=1,
        )

    def _run(self) -> None:
        """Send until nothing waits; the next record starts another thread."""
        self._local.is_sending = True
        pause = FIRST_SECONDS
        while True:
            time.sleep(max(self._sent_at + SEND_SECONDS - time.monotonic(), pause))
            pause = 0.0
            with self._locked():
                if not self._waiting:
                    self._thread = None
                    return
            self._send_all()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # logging's own lock of a handler: it holds it for `emit`, and renews it after a fork.
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _send_all(self) -> None:
        with self._locked():
            batch, self._waiting = self._waiting, {}
        self._sent_at = time.monotonic()
        try:
            self._send = self._send or self._connect()
            self._send(list(batch.values()))
        except Exception:  # noqa: BLE001  it must not be logged, and is tried again
            with self._locked():
                self._waiting = _joined(batch, self._waiting)

    def close(self) -> None:
        """Send what waits, once: `logging` calls this when the program ends."""
        if self._waiting and self._pid == os.getpid():
            self._local.is_sending = True
            self._send_all()
        super().close()


def _joined(
    former: dict[_Key, LoggedError], later: dict[_Key, LoggedError]
) -> dict[_Key, LoggedError]:
    """Both together, with no more kinds than the bound."""
    joined = dict(former)
    for key, one in later.items():
        if key not in joined and len(joined) >= MOST_ERRORS:
            key = "", key[1], _OTHERS  # noqa: PLW2901
            one = replace(one, logger="", kind=_OTHERS, message=_OTHERS)  # noqa: PLW2901
        if known := joined.get(key):
            one = replace(one, first=known.first, count=known.count + one.count)  # noqa: PLW2901
        joined[key] = one
    return joined


def _kind_of(record: logging.LogRecord) -> str:
    """The message of a record without its values, or the place where it was logged.

    The place alone where values may be in the message itself, as a runtime of somebody's own, or a
    library for models, may write `f"cannot read {text}"`.
    """
    package = record.name.partition(".")[0]
    if record.name == "py.warnings":
        found = _WARNING.match(record.getMessage())
        return f"{found['category']} at {found['place']}" if found else "a warning of Python"
    if record.args or package in OURS or package in _LIBRARIES:
        return str(record.msg)
    return f"a message at {record.pathname}:{record.lineno}"


def message_of(record: logging.LogRecord) -> str:
    """The message of a record in one line, without a user's text.

    Messages of our own code hold none (see `shared.telemetry.logs`). The values in those of other
    code, and all messages of exceptions, may quote one, so these are left out.
    """
    error = record.exc_info[1] if record.exc_info else None
    is_ours = record.name.partition(".")[0] in OURS
    message = record.getMessage() if is_ours else _kind_of(record)
    line = next(iter(message.splitlines()), "")
    if error:
        line += f" ({where(error).partition(' < ')[0]})"
    return line if len(line) <= MESSAGE_CHARS else f"{line[: MESSAGE_CHARS - 3]}..."
