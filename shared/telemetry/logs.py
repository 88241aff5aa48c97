"""How both programs log: lines to read on a terminal, one JSON object a line elsewhere.

A line holds the fields of `shared.telemetry.context`, and those that the call gives as `extra`. It
never holds a user's text. The message of an exception may quote one, so an exception that other
code logs is reduced to its kind and its traceback.
"""

import logging
import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from shared.config.settings import Settings, unknown_variables
from shared.telemetry.context import fields
from shared.telemetry.safe_traceback import where

#: The packages whose exceptions are logged whole, because their messages hold no user's text.
OURS = ("api", "worker", "shared", "scoring", "scorelane")

#: The attributes of every record; all others were given as `extra`.
_USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

#: Attributes that Celery adds: they say nothing, or may quote the arguments of a task.
_DROPPED = frozenset({"data", "task_id", "task_name"})


def set_up(settings: Settings) -> None:
    """Log to stderr alone, in the format of the settings."""
    handler = Lines(sys.stderr)
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
    # Celery logs a line at INFO for each task; our own lines say more.
    logging.getLogger("celery").setLevel(logging.WARNING)
    # Each of these looks up something that no line holds.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class Lines(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes a line for each record; those of a block of `together` in few calls of the system."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._local = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record, or keep it until the end of the block."""
        held: list[str] | None = getattr(self._local, "held", None)
        if held is None:
            super().emit(record)
            return
        try:
            held.append(self.format(record) + self.terminator)
        except Exception:  # noqa: BLE001  as in logging
            self.handleError(record)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write the lines of this thread at the end of a block."""
        self._local.held = held = list[str]()
        try:
            yield
        finally:
            self._local.held = None
            for text in _pieces(held):
                self._write(text)

    def _write(self, text: str) -> None:
        with self.lock or nullcontext():
            try:
                self.stream.write(text)
                self.flush()
            except Exception:  # noqa: BLE001  as in logging
                self.handleError(logging.makeLogRecord({"msg": "lines of the log"}))


def _pieces(lines: list[str]) -> Iterator[str]:
    """Lines, as many together as no other process can write into when they go to a pipe."""
    piece, size = list[str](), 0
    for line in lines:
        length = len(line.encode(errors="replace"))
        if piece and size + length > select.PIPE_BUF:
            yield "".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += length
    if piece:
        yield "".join(piece)


@contextmanager
def together() -> Iterator[None]:
    """Write what this thread logs in a block at its end, in few calls of the system."""
    with ExitStack() as blocks:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, Lines):
                blocks.enter_context(handler.together())
        yield


def warn_of_variables() -> None:
    """Warn of environment variables that look like settings and are none."""
    for warning in unknown_variables(os.environ):
        logging.getLogger(__name__).warning("%s", warning)


class TextLine(logging.Formatter):
    """Formats a record as `time level logger: message field=value ...`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """The line, with the fields that the message does not name itself."""
        line = super().formatMessage(record)
        more = [f" {name}={value}" for name, value in _fields_of(record) if f"{name}=" not in line]
        return line + "".join(more)

    def format(self, record: logging.LogRecord) -> str:
        """The line, followed by the traceback of an exception that our own code has logged."""
        return super().format(_without_message(record))


class JsonLine(logging.Formatter):
    """Formats a record as a JSON object: time, level, logger, message, and all fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line break."""
        record = _without_message(record)
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
        if name not in _USUAL and name not in _DROPPED:
            yield name, value


def _without_message(record: logging.LogRecord) -> logging.LogRecord:
    """The record without the message of an exception, if other code than ours has logged it."""
    if record.name.partition(".")[0] in OURS:
        return record
    is_celery = isinstance(record.args, dict) and "exc" in record.args
    if not record.exc_info and not is_celery:
        return record
    record = logging.makeLogRecord(record.__dict__)
    error = record.exc_info[1] if record.exc_info else None
    kind = where(error) if error else "an exception"
    if is_celery:
        # Celery logs "Task ... raised unexpected: <the exception>".
        record.args = {**record.args, "exc": kind, "traceback": ""}  # type: ignore[dict-item]
    elif error:
        record.msg, record.args = f"{record.getMessage().splitlines()[0]} ({kind})", None
    record.exc_info = record.exc_text = None
    return record
