"""Loads the models of a scoring process, warms them up, and measures how fast they score."""

import logging
import time
from pathlib import Path
from random import Random
from typing import NamedTuple

import pandas as pd

from shared.config.settings import Settings
from shared.model import TEXT, Model, load_model, read_cards

logger = logging.getLogger(__name__)

#: The words of the texts on which a model's rate is measured.
SAMPLE = "It was a good day, and the food that we had was not too bad at all: thanks"

#: The most such texts: to make more would take longer than a fast model needs to score them.
SAMPLE_ROWS = 16_384


class LoadedModel(NamedTuple):
    """A model that is ready to score."""

    model: Model
    rate: float  #: Rows per second in one process, as measured after loading.


def load_models(settings: Settings) -> dict[str, LoadedModel]:
    """Load, warm up and measure every model that the settings name; by full name.

    Raises:
        shared.errors.model.ModelError: a model cannot be served.
    """
    folders = read_cards(settings.models_dir, settings.serve)
    loaded = [_load(folder) for folder in folders]
    return {one.model.card.full_name: one for one in loaded}


def _load(folder: Path) -> LoadedModel:
    started = time.perf_counter()
    model = load_model(folder)
    model.warm_up()
    rate = measure_rate(model)
    seconds = time.perf_counter() - started
    logger.info("loaded %s in %.1f s, %.0f rows/s", model.card.full_name, seconds, rate)
    return LoadedModel(model, rate)


def measure_rate(model: Model, seconds: float = 0.2) -> float:
    """The rows per second that a model scores, on texts of usual length.

    Args:
        model: a model that is warmed up.
        seconds: how long to measure, roughly.
    """
    words, random = SAMPLE.split(), Random(0)  # noqa: S311  nothing here is secret
    rows, elapsed = 1, 0.0
    # Some models take long for one row, others for none: begin with few rows, and take more until
    # the time can be measured.
    while elapsed < seconds / 2 and rows < SAMPLE_ROWS:
        rows *= 4
        # All texts differ: a runtime may score equal texts once.
        texts = [" ".join(random.sample(words, len(words))) for _ in range(rows)]
        frame = pd.DataFrame({TEXT: pd.Series(texts, dtype=object)})
        started = time.perf_counter()
        model.score(frame)
        elapsed = time.perf_counter() - started
    return rows / elapsed
