"""Reads an estimator from its file, so that it scores as it did where it was saved."""

import logging
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from scoring.estimators.boosted import use_one_thread
from scoring.saved.failures import unpickling_failure
from scoring.saved.parts import all_parts
from scoring.saved.unpickling import load_pickle, version_note
from scoring.saved.upgrade import upgrade
from shared.errors.model import UnusableModel

logger = logging.getLogger(__name__)


def read_estimator(path: Path) -> Any:
    """Unpickle an estimator. Unpickling runs code from the file, so the file must be trusted.

    Raises:
        shared.errors.model.UnusableModel: the file cannot be unpickled here.
    """
    here = version("scikit-learn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator, missing = load_pickle(path)
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
    for part in all_parts(estimator):
        use_one_thread(part)
    return estimator
