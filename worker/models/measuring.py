"""Measures how fast a model scores."""

import contextlib
import logging
import time
from pathlib import Path

import pandas as pd

from shared.examples import Examples, varied_rows
from shared.model import Model
from shared.tables.trial_rows import trial_rows

logger = logging.getLogger(__name__)

#: The most rows: the fastest model scores them in 3 ms, which can be measured. To make more rows
#: takes many times longer than to score them, and delays the start of a worker with many models.
SAMPLE_ROWS = 4_096

#: The rate of a model that can score none of the rows that were made for it.
UNKNOWN_RATE = 1_000.0

#: How often the last number of rows is scored. The fastest time counts: the others only show that
#: the machine was busy, as it is while its other processes load their models.
ROUNDS = 3

#: The seconds after which a slow model is scored only once more, to make sure that it is slow.
MOST_SECONDS = 1.0

#: Fewer rows may be slow for another reason than their number, such as the call itself on a busy
#: machine: then more rows show a higher rate, at least `BETTER` times the one before.
ENOUGH_ROWS = 64
BETTER = 1.5


def measure_rate(model: Model, seconds: float = 0.1, examples: Examples | None = None) -> float:
    """The rows per second that a model scores, on rows like its examples, or else trial rows.

    Args:
        model: a model that is warmed up.
        seconds: how long it must be busy until its rate can be measured.
        examples: its examples; None: it has none, and gets texts of usual length, or rows that are
            made from its signature.

    Returns:
        The rate; `UNKNOWN_RATE` for a model of a table that cannot score rows that are made from
        its signature: a step of its own may take a few words only.

    Raises:
        Exception: a model of texts cannot score texts.
    """
    try:
        return _measured(model, seconds, examples)
    # The model is somebody's code.
    except Exception:
        if model.card.signature.takes_text:
            raise
        logger.exception("the rate of %s is not known", model.card.full_name)
        return UNKNOWN_RATE


def _measured(model: Model, seconds: float, examples: Examples | None) -> float:
    # Some models take long for one row, others for none: begin with one row, and take more until
    # the time can be measured.
    rows, rate = 1, 0.0
    while True:
        fastest = _fastest_round(model, _rows(model, rows, examples), seconds)
        before, rate = rate, max(rate, rows / fastest)
        is_known = rows >= ENOUGH_ROWS or rate < BETTER * before or 8 * fastest >= MOST_SECONDS
        if rows >= SAMPLE_ROWS or (fastest >= seconds and is_known):
            return rate
        rows *= 4


def _rows(model: Model, count: int, examples: Examples | None) -> pd.DataFrame:
    """Rows to score. All of them differ, as a runtime may score equal texts once."""
    if examples is None:
        return trial_rows(model, count)
    return varied_rows(model.card.signature.inputs, examples.values, count)


def _fastest_round(model: Model, frame: pd.DataFrame, seconds: float) -> float:
    """The shortest time in which a model scores some rows, in seconds; more than 0.

    The time in which this thread has waited for a core does not count. It says how busy the machine
    is, as it is while other processes load their models, and nothing of the model.

    If the rows are too few to take `seconds`, the first round that shows it is the last one.
    """
    times: list[float] = []
    while len(times) < ROUNDS and (len(times) < 2 or sum(times) < MOST_SECONDS):
        started, waited = time.perf_counter(), waited_seconds()
        model.score(frame)
        waited = waited_seconds() - waited
        times.append(max(time.perf_counter() - started - waited, 1e-9))
        if times[-1] < seconds and len(frame) < SAMPLE_ROWS:
            break
    return min(times)


def waited_seconds() -> float:
    """How long this thread has waited for a core since it began; 0 if the system does not tell.

    The second number of `schedstat` is that time in nanoseconds (the Linux kernel's
    Documentation/scheduler/sched-stats.rst).
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    return 0.0
