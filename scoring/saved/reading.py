"""Reads an estimator from its file, so that it scores as it did where it was saved."""

import logging
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from scoring.saved.boosted_files import LIBRARIES, NotLoaded, load_boosted
from scoring.saved.failures import unpickling_failure
from scoring.saved.skops_file import NotReadable, load_skops
from scoring.saved.unpickling import load_pickle, version_note
from scoring.saved.upgrade import upgrade
from shared.errors.model import UnusableModel
from shared.errors.service import BadSettings

logger = logging.getLogger(__name__)


#: The ending of a file of skops.
SKOPS = ".skops"


def read_estimator(path: Path) -> Any:
    """Read an estimator from a pickle; or from a file of skops or a booster, by its name's ending.

    Unpickling runs code from the file, so a pickle must be trusted. A file of skops
    or a booster is never unpickled.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be read here.
        shared.errors.service.BadSettings: the settings, which say what is trusted, are not valid.
    """
    here = version("scikit-learn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator, missing = _load(path)
    except BadSettings:
        raise
    except (NotReadable, NotLoaded) as error:
        raise UnusableModel(path=path, reason=str(error)) from error
    # Unpickling runs code from the file, which may raise any exception, or end the process.
    except (Exception, SystemExit) as error:
        reason = f"{unpickling_failure(error)}{version_note(path)}"
        raise UnusableModel(path=path, reason=reason) from error
    saved_with = {
        warning.message.original_sklearn_version
        for warning in caught
        if isinstance(warning.message, InconsistentVersionWarning)
    }
    if saved_with or missing:
        saved_with = saved_with or {here}
        upgrade(estimator, saved_with=saved_with, missing=missing, path=path)
        logger.warning(
            "%s was saved by scikit-learn %s and runs under %s",
            path,
            ", ".join(sorted(saved_with)),
            here,
        )
    return estimator


def _load(path: Path) -> tuple[Any, set[str]]:
    """What a file holds, and the names that the installed scikit-learn does not have."""
    if path.suffix.lower() == SKOPS:
        return load_skops(path), set()
    if path.suffix.removeprefix(".") in LIBRARIES:
        return load_boosted(path), set()
    return load_pickle(path)
