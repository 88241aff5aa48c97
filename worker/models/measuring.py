"""Measures how fast a model scores."""

import logging
import time

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
    rows = 1
    while (
        fastest := _fastest_round(model, _rows(model, rows, examples), seconds)
    ) < seconds and rows < SAMPLE_ROWS:
        rows *= 4
    return rows / fastest


def _rows(model: Model, count: int, examples: Examples | None) -> pd.DataFrame:
    """Rows to score. All of them differ, as a runtime may score equal texts once."""
    if examples is None:
        return trial_rows(model, count)
    return varied_rows(model.card.signature.inputs, examples.values, count)


def _fastest_round(model: Model, frame: pd.DataFrame, seconds: float) -> float:
    """The shortest time in which a model scores some rows, in seconds.

    If the rows are too few to take `seconds`, the first round that shows it is the last one.
    """
    times: list[float] = []
    while len(times) < ROUNDS and (len(times) < 2 or sum(times) < MOST_SECONDS):
        started = time.perf_counter()
        model.score(frame)
        times.append(time.perf_counter() - started)
        if times[-1] < seconds and len(frame) < SAMPLE_ROWS:
            break
    return min(times)
