"""Measures how fast a model scores."""

import time
from random import Random

import pandas as pd

from shared.model import TEXT, Model

#: The words of the texts on which a model's rate is measured.
SAMPLE = "It was a good day, and the food that we had was not too bad at all: thanks"

#: The most such texts: to make more would take longer than a fast model needs to score them.
SAMPLE_ROWS = 16_384

#: How often the last number of rows is scored. The fastest time counts: the others only show that
#: the machine was busy, as it is while its other processes load their models.
ROUNDS = 3

#: The seconds after which a slow model is scored only once more, to make sure that it is slow.
MOST_SECONDS = 1.0


def measure_rate(model: Model, seconds: float = 0.1) -> float:
    """The rows per second that a model scores, on texts of usual length.

    Args:
        model: a model that is warmed up.
        seconds: how long it must be busy until its rate can be measured.
    """
    # Some models take long for one row, others for none: begin with one row, and take more until
    # the time can be measured.
    rows = 1
    while (fastest := _fastest_round(model, rows, seconds)) < seconds and rows < SAMPLE_ROWS:
        rows *= 4
    return rows / fastest


def _fastest_round(model: Model, rows: int, seconds: float) -> float:
    """The shortest time in which a model scores this number of rows, in seconds.

    If the rows are too few to take `seconds`, the first round that shows it is the last one.
    """
    words, random = SAMPLE.split(), Random(0)  # noqa: S311  nothing here is secret
    # All texts differ: a runtime may score equal texts once.
    texts = [" ".join(random.sample(words, len(words))) for _ in range(rows)]
    frame = pd.DataFrame({TEXT: pd.Series(texts, dtype=object)})
    times: list[float] = []
    while len(times) < ROUNDS and (len(times) < 2 or sum(times) < MOST_SECONDS):
        started = time.perf_counter()
        model.score(frame)
        times.append(time.perf_counter() - started)
        if times[-1] < seconds and rows < SAMPLE_ROWS:
            break
    return min(times)
