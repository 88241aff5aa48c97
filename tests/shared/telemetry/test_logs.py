"""Log lines: JSON objects or lines to read, with the known fields, and never with a user's text."""

import io
import json
import logging
import select
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.config.settings import Settings
from shared.telemetry import context, logs

SECRET = "what somebody wrote"  # noqa: S105  not that kind of secret


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], io.StringIO]]:
    """Sends all logging to a file in memory, in the chosen format, and restores it afterwards."""
    root, flags = logging.getLogger(), (logging.logThreads, logging.logProcesses)
    handlers, level = list(root.handlers), root.level

    def start(log_format: str) -> io.StringIO:
        file = io.StringIO()
        monkeypatch.setattr("sys.stderr", file)
        logs.set_up(Settings.model_validate({"log_format": log_format, "log_level": "DEBUG"}))
        return file

    yield start
    root.handlers, root.level = handlers, level
    logging.logThreads, logging.logProcesses = flags
    logging.captureWarnings(capture=False)


def said(file: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.getvalue().splitlines()]


def raised() -> None:
    celery = logging.getLogger("celery.app.trace")
    try:
        int(SECRET)
    except ValueError:
        celery.exception("it failed\nfor %s", SECRET[:4])
    celery.error("Task %(name)s: %(exc)s", {"name": "score", "exc": f"ValueError({SECRET!r})"})


def test_a_line_has_what_is_known(log: Callable[[str], io.StringIO]) -> None:
    """A line has the fields of the request, of the task, and of the call."""
    file = log("auto")
    with context.about(request_id="r1"), context.about(job="j1", part=0, model=""):
        logging.getLogger("worker.x").info("score job=%s", "j1", extra={"rows": 5})
    logging.getLogger("worker.x").warning("later")
    first, second = said(file)
    assert {name: first[name] for name in first if name != "time"} == {
        "level": "INFO",
        "logger": "worker.x",
        "message": "score job=j1",
        "request_id": "r1",
        "job": "j1",
        "part": 0,
        "rows": 5,
    }
    assert first["time"].endswith("+00:00")
    assert second.keys() == {"time", "level", "logger", "message"}


def test_a_line_to_read(log: Callable[[str], io.StringIO]) -> None:
    """A text line does not repeat fields that its message names."""
    file = log("text")
    with context.about(request_id="r1", job="j1"):
        logging.getLogger("worker.x").info("score job=%s", "j1", extra={"rows": 5})
    assert file.getvalue().endswith("INFO worker.x: score job=j1 request_id=r1 rows=5\n")


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_exceptions_that_other_code_logs_quote_nothing(
    log: Callable[[str], io.StringIO], log_format: str
) -> None:
    """Celery's report of a failed task has only the kind of the exception and its traceback."""
    file = log(log_format)
    raised()
    assert "ValueError at " in file.getvalue()
    assert SECRET not in file.getvalue()
    assert len(file.getvalue().splitlines()) == 2


def test_logging_is_set_up_once(log: Callable[[str], io.StringIO]) -> None:
    """Setting up logging twice does not log twice; gunicorn does that when it reloads."""
    log("json")
    file = log("json")
    logging.getLogger("api").info("once")
    assert len(said(file)) == 1


def test_lines_are_written_together(
    log: Callable[[str], io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many lines need few calls of the system, and a pipe keeps each of these whole."""
    file, written = log("json"), list[str]()
    monkeypatch.setattr(file, "write", written.append)
    logger = logging.getLogger("api")
    with logs.together():
        for number in range(100):
            logger.info("line %d", number)
        logger.info("x" * 2 * select.PIPE_BUF)
        assert not written
        logger.info("\u20ac" * select.PIPE_BUF)
    logger.info("later")
    lines = "".join(written).splitlines()
    assert [json.loads(line)["message"][:8] for line in lines[:100]] == [
        f"line {number}" for number in range(100)
    ]
    assert len(lines) == 103
    # Each of the two long lines is alone, as it was before.
    assert sorted(len(text.splitlines()) for text in written)[:3] == [1, 1, 1]
    assert len(written) < 12
    assert all(len(text.encode()) <= select.PIPE_BUF for text in written if text.count("\n") > 1)
