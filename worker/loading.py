"""Loads the models of a scoring process, warms them up, and measures how fast they score."""

import logging
import time
from pathlib import Path
from random import Random
from typing import NamedTuple

import joblib
import pandas as pd

from shared.config.settings import Settings
from shared.errors.model import ModelError, NoSoundModel, UnsoundFolder
from shared.model import TEXT, Card, Model, load_model, read_card
from shared.model_folders import reason_of
from worker.kept_files import KeptFiles
from worker.load_turns import LoadTurns
from worker.memory import forget_peak
from worker.served_models import ServedModels

logger = logging.getLogger(__name__)

#: The words of the texts on which a model's rate is measured.
SAMPLE = "It was a good day, and the food that we had was not too bad at all: thanks"

#: The most such texts: to make more would take longer than a fast model needs to score them.
SAMPLE_ROWS = 16_384

#: How often the last number of rows is scored. The fastest time counts: the others only show that
#: the machine was busy, as it is while its other processes load their models.
ROUNDS = 3

#: The seconds after which a slow model is scored only once more, to make sure that it is slow.
MOST_SECONDS = 1.0


#: Made in the main process, which imports this module before it forks the scoring processes.
_turns = LoadTurns()


class LoadedModel(NamedTuple):
    """A model that is ready to score."""

    model: Model
    rate: float  #: Rows per second in one process, as measured after loading.


def load_models(models: ServedModels) -> dict[str, LoadedModel]:
    """Load, warm up and measure the models of this worker; by full name.

    A model that cannot be loaded is refused for the whole worker, and the others are loaded.

    Raises:
        shared.errors.model.ModelError: no model can be served, or one that this worker serves
            already cannot be loaded again.
        RuntimeError: the runtime has raised another error in the same case.
    """
    with _turns.turn(models.load_bytes, models.processes):
        loaded = _load_sound(models)
        forget_peak()
    if not models.names():
        raise NoSoundModel(folder="the models folder", reasons=" ".join(models.failed().values()))
    return loaded


def _load_sound(models: ServedModels) -> dict[str, LoadedModel]:
    loaded = {}
    for folder, card in models.cards.items():
        if card.full_name in models.refused():
            continue
        try:
            with models.attempt(folder):
                loaded[card.full_name] = _load(folder, card, models.kept[folder])
        # A runtime may be a package of somebody else's, and a pickle is code: all can be raised.
        except (Exception, SystemExit) as error:
            if not models.refuse(folder, reason_of(error)):
                if isinstance(error, ModelError):
                    raise
                raise RuntimeError(f"{card.full_name} cannot be loaded again") from error
            if not isinstance(error, ModelError):
                logger.exception("%s could not be loaded", card.full_name)
    return loaded


def process_count(settings: Settings) -> int:
    """The number of scoring processes of a worker."""
    # joblib respects a container's CPU limit and the process's CPU affinity.
    return settings.processes or int(joblib.cpu_count())


def _load(folder: Path, card: Card, kept: KeptFiles) -> LoadedModel:
    started = time.perf_counter()
    model = _load_version(folder, card.version, kept)
    model.warm_up()
    rate = measure_rate(model)
    seconds = time.perf_counter() - started
    logger.info("loaded %s in %.1f s, %.0f rows/s", model.card.full_name, seconds, rate)
    return LoadedModel(model, rate)


def _load_version(folder: Path, version: str, kept: KeptFiles) -> Model:
    """Load a version of a model, from the kept files if its folder does not hold it any more."""
    try:
        model = load_model(folder, version)
        # The folder may have been replaced while its files were read one after the other.
        if read_card(folder).version == version:
            return model
    except (UnsoundFolder, OSError) as error:
        logger.warning("%s: version %s is loaded from kept files", reason_of(error), version)
    with kept.copy() as copied:
        return load_model(copied, version)


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
    """The shortest time in which a model scores so many rows, in seconds.

    If they are too few to take `seconds`, the first round that shows it is the last one.
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
