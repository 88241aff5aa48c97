"""Makes an estimator that another version of scikit-learn saved score as it did there."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from scoring.saved.compared import COMPARED
from scoring.saved.parts import all_parts, children
from scoring.saved.repairs import REPAIRS, NotRepairable, Version
from scoring.saved.unpickling import gone_names
from shared.errors.model import UnusableModel

#: Fitted estimators of version 1.0 have the attributes of those of 1.1. Older ones were not looked
#: at.
_OLDEST: Version = (1, 0)


def upgrade(estimator: Any, *, saved_with: set[str], missing: set[str], path: Path) -> None:
    """Repair what changed between the versions.

    Args:
        estimator: unpickled; changed in place.
        saved_with: the versions that saved its parts.
        missing: the names that the installed version does not have, from `load_pickle`.
        path: the file, for messages.

    Raises:
        shared.errors.model.UnusableModel: its scores may differ from those of that version.
    """
    here = version("scikit-learn")
    try:
        _upgrade(estimator, sorted(map(_parsed, saved_with)), _parsed(here), missing)
    except NotRepairable as error:
        # A file that names no version says only what it needs.
        others = ", ".join(sorted(saved_with - {here}))
        saver = f"scikit-learn {others}" if others else "another version of scikit-learn"
        reason = (
            f"{saver} saved it, here is scikit-learn {here}, and its scores may differ: {error}. "
            f"Fit and save it again with scikit-learn {here}"
        )
        raise UnusableModel(path=path, reason=reason) from None


def _upgrade(estimator: Any, saved_with: list[Version], here: Version, missing: set[str]) -> None:
    if not missing and set(saved_with) == {here}:
        return
    if saved_with[0] < _OLDEST:
        raise NotRepairable("the scores of versions before 1.0 were not compared")
    if saved_with[-1] > here:
        raise NotRepairable("that version is newer than the installed one")
    lost = missing - _names_of_gone(estimator)
    for part in all_parts(estimator):
        _check_compared(part)
        for kind, repair in REPAIRS:
            if isinstance(part, kind):
                repair(part, saved_with[0])
    if lost := lost | _names_of_gone(estimator):
        raise NotRepairable(f"it needs {', '.join(sorted(lost))}, which is gone")


def _parsed(name: str) -> Version:
    """The major and minor number; (0, 0) for a name such as `pre-0.18`."""
    found = re.match(r"(\d+)\.(\d+)", name)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _check_compared(part: Any) -> None:
    name = type(part).__name__
    of_sklearn = isinstance(part, BaseEstimator) and type(part).__module__.startswith("sklearn.")
    if of_sklearn and name not in COMPARED:
        raise NotRepairable(f"those of {name} were not compared between the versions")


def _names_of_gone(estimator: Any) -> set[str]:
    """The names for which a `Gone` stands anywhere in the estimator."""
    values = (value for part in all_parts(estimator) for _, value in children(part))
    return set().union(*(gone_names(one) for value in values for one in _nested(value)))


def _nested(value: Any) -> Iterator[Any]:
    """The value, and all values in it if it is a list, a tuple or a dictionary."""
    yield value
    if isinstance(value, dict | list | tuple):
        for _, inner in children(value):
            yield from _nested(inner)
