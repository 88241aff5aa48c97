"""Loads the models of a scoring process, warms them up, and measures how fast they score."""

import logging
import time
from pathlib import Path
from typing import NamedTuple

from shared.errors.model import ModelError, NoSoundModel, UnsoundFolder
from shared.examples import Examples, check_examples, read_examples
from shared.model import Card, Model, load_model, read_card
from shared.model_folders import reason_of
from worker.memory import forget_peak
from worker.models.kept_files import KeptFiles
from worker.models.load_turns import LoadTurns
from worker.models.measuring import measure_rate
from worker.models.served_models import ServedModels

logger = logging.getLogger(__name__)

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


def _load(folder: Path, card: Card, kept: KeptFiles) -> LoadedModel:
    started = time.perf_counter()
    model, examples = _load_version(folder, card.version, kept)
    model.warm_up()
    if examples is not None and (versions := check_examples(model, examples)):
        logger.info("%s gives for its examples what it gave with %s", card.full_name, versions)
    rate = measure_rate(model, examples=examples)
    seconds = time.perf_counter() - started
    logger.info("loaded %s in %.1f s, %.0f rows/s", model.card.full_name, seconds, rate)
    return LoadedModel(model, rate)


def _load_version(folder: Path, version: str, kept: KeptFiles) -> tuple[Model, Examples | None]:
    """Load a version of a model, from the kept files if its folder does not hold it any more."""
    try:
        loaded = _load_folder(folder, version)
        # The folder may have been replaced while its files were read one after the other.
        if read_card(folder).version == version:
            return loaded
    except (UnsoundFolder, OSError) as error:
        logger.warning("%s: version %s is loaded from kept files", reason_of(error), version)
    with kept.copy() as copied:
        return _load_folder(copied, version)


def _load_folder(folder: Path, version: str) -> tuple[Model, Examples | None]:
    model = load_model(folder, version)
    return model, read_examples(folder, model.card)
