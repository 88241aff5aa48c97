"""Loads the models of a scoring process, warms them up, and measures how fast they score."""

import logging
import time
from pathlib import Path

from shared.card import read_card
from shared.errors.model import ModelError, NoSoundModel, UnsoundFolder
from shared.examples import Examples, check_examples, read_examples
from shared.model import Model, load_model
from shared.model_folders import reason_of
from worker.memory import forget_peak
from worker.models.kept_files import KeptFiles
from worker.models.load_turns import LoadTurns
from worker.models.loaded_models import LoadedModel
from worker.models.measuring import measure_rate
from worker.models.served_models import ServedModels

logger = logging.getLogger(__name__)

#: Made in the main process, which imports this module before it forks the scoring processes.
turns = LoadTurns()


def load_models(models: ServedModels) -> dict[str, LoadedModel]:
    """Load, warm up and measure the models of this worker; by full name.

    A model that cannot be loaded is refused for the whole worker, and the others are loaded.

    Raises:
        shared.errors.model.ModelError: no model can be served, or one that this worker serves
            already cannot be loaded again.
        RuntimeError: the runtime has raised another error in the same case.
    """
    with turns.turn(models.load_bytes, models.processes):
        loaded = _load_sound(models)
        forget_peak()
    if not models.names():
        raise NoSoundModel(folder="the models folder", reasons=" ".join(models.failed().values()))
    return loaded


def _load_sound(models: ServedModels) -> dict[str, LoadedModel]:
    loaded = {}
    for full_name, version in models.versions.items():
        if version.refused:
            continue
        try:
            with version.attempt():
                loaded[full_name] = load_version(version.folder, full_name, version.kept)
        # A runtime may be a package of somebody else's, and a pickle is code: all can be raised.
        except (Exception, SystemExit) as error:
            if not models.refuse(full_name, reason_of(error)):
                if isinstance(error, ModelError):
                    raise
                raise RuntimeError(f"{full_name} cannot be loaded again") from error
            if not isinstance(error, ModelError):
                logger.exception("%s could not be loaded", full_name)
    return loaded


def load_version(
    folder: Path, full_name: str, kept: KeptFiles, rate: float | None = None
) -> LoadedModel:
    """Load a version of a model, warm it up, check its examples, and measure it.

    Args:
        folder: where it is, or was.
        full_name: its name and version.
        kept: its files.
        rate: the rows per second that another process has measured on this machine, so that this
            one need not; None: nobody has.

    Raises:
        shared.errors.model.ModelError: it cannot be served.
        OSError: its files cannot be read.
        Exception: whatever its runtime raises.
    """
    started = time.perf_counter()
    model, examples = _load_version(folder, full_name.partition("@")[2], kept)
    model.warm_up()
    if examples is not None and (versions := check_examples(model, examples)):
        logger.info("%s gives for its examples what it gave with %s", full_name, versions)
    rate = rate or measure_rate(model, examples=examples)
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
