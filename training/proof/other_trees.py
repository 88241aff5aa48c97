"""The trees of a booster of XGBoost up to another one, tried with a user's model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scoring.saved.reading import read_estimator
from scoring.sklearn_model import SklearnModel
from shared.model import Model
from training.proof.proposal import Proposal

_EARLY_STOPPING = (
    "a worker uses the trees up to best_iteration where the file names it, and else all; save the "
    "estimator with the trees that your script uses (model.get_booster()[:N] for some of them)"
)

#: The most numbers of trees that are tried.
_MOST = 200


def other_trees(folder: Path, model: Model) -> Iterator[Proposal]:
    """The model with all of its trees, and with some of them, as early stopping leaves them.

    Args:
        folder: the model's folder.
        model: loaded from it.
    """
    path = folder / model.card.model_file
    whole = read_estimator(path)
    booster = _booster(whole)
    if booster is None:
        return
    rounds = booster.num_boosted_rounds()
    limits = list(range(1, rounds + 1))[-_MOST:]
    for count in [rounds, *reversed(limits[:-1])]:

        def score(rows: Any, count: int = count) -> Any:
            estimator = read_estimator(path)
            cut = _booster(estimator)[:count]
            cut.set_attr(best_iteration=None)
            estimator._Booster = cut
            return SklearnModel(estimator, model.card, path).score(rows)

        yield Proposal(f"With the first {count} of {rounds} trees", score, _EARLY_STOPPING)


def _booster(estimator: Any) -> Any:
    """The booster of an estimator of XGBoost; None if it is another one."""
    get = getattr(estimator, "get_booster", None)
    return get() if callable(get) else None
