"""How both programs log: a line to read on a terminal, a JSON object a line elsewhere.

A line has what `shared.telemetry.context` knows, and what the call gives as `extra`. It never has
a text that somebody sent: what others' code logs of an exception is its kind and its places, since
its message may quote one.
"""

import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.config.settings import Settings, unknown_variables
from shared.telemetry.context import fields
from shared.telemetry.safe_traceback import where

#: Those who log nothing but what we know: exceptions that our own code logs itself are whole.
OURS = ("api", "worker", "shared", "scoring", "scorelane")

#: What any record has; the rest was given as `extra`.
_USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

#: What Celery adds, which says nothing or may quote what a task was given.
_UNSAID = frozenset({"data", "task_id", "task_name"})


def set_up(settings: Settings) -> None:
    """Log to stderr, whatever logged before; warn of variables that are no settings."""
    handler = logging.StreamHandler(sys.stderr)
    wants_text = settings.log_format == "text" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    handler.setFormatter(TextLine() if wants_text else JsonLine())
    root = logging.getLogger()
    for other in list(root.handlers):
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    logging.captureWarnings(capture=True)
    # A line at INFO for each task; ours say more.
    logging.getLogger("celery").setLevel(logging.WARNING)
    # Each looks up who called, or which thread: nothing of it is in a line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def warn_of_variables() -> None:
    """Name the variables that look like settings and are none."""
    for said in unknown_variables(os.environ):
        logging.getLogger(__name__).warning("%s", said)


class TextLine(logging.Formatter):
    """`time level logger: message field=value ...`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """The line, with the fields that its message does not name itself."""
        line = super().formatMessage(record)
        more = [f" {name}={value}" for name, value in _fields_of(record) if f"{name}=" not in line]
        return line + "".join(more)

    def format(self, record: logging.LogRecord) -> str:
        """The line, and behind it the traceback of an exception of ours."""
        return super().format(_discreet(record))


class JsonLine(logging.Formatter):
    """A JSON object: time, level, logger, message, and every field that is known."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        record = _discreet(record)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **dict(_fields_of(record)),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def _fields_of(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    yield from fields().items()
    for name, value in record.__dict__.items():
        if name not in _USUAL and name not in _UNSAID:
            yield name, value


def _discreet(record: logging.LogRecord) -> logging.LogRecord:
    """The record without what an exception says, where others' code logs it."""
    if record.name.partition(".")[0] in OURS:
        return record
    told = isinstance(record.args, dict) and "exc" in record.args
    if not record.exc_info and not told:
        return record
    record = logging.makeLogRecord(record.__dict__)
    error = record.exc_info[1] if record.exc_info else None
    kind = where(error) if error else "an exception"
    if told:
        # Celery: "Task ... raised unexpected: <the exception>".
        record.args = {**record.args, "exc": kind, "traceback": ""}  # type: ignore[dict-item]
    elif error:
        record.msg, record.args = f"{record.getMessage().splitlines()[0]} ({kind})", None
    record.exc_info = record.exc_text = None
    return record
