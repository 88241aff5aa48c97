"""Gives a model the names of its columns that were saved next to it."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np

from training.added.file_parts import Part, names_of


def name_columns(estimator: Any, lists: Sequence[Part], *, is_of_texts: bool) -> list[str]:
    """Set `feature_names_in_` of the first step, if it was fitted to an array without names.

    Args:
        estimator: the model; changed in place.
        lists: the lists of names that were saved with it.
        is_of_texts: whether the model takes texts, which have no columns.

    Returns:
        What was understood, in sentences.

    Raises:
        ValueError: the names do not fit the model.
    """
    named = names_of(lists[0])
    if any(names_of(other) != named for other in lists[1:]):
        raise ValueError(f"{' and '.join(map(str, lists))} differ. Save one of them")
    if is_of_texts:
        return [f"Left out: {lists[0]}, because the model takes texts."]
    own = getattr(estimator, "feature_names_in_", None)
    if own is not None:
        if list(own) == named:
            return []
        raise ValueError(
            f"the {lists[0]} are not the columns that the model was fitted to, which are "
            f"{', '.join(map(str, own[:8]))}{', ...' if len(own) > 8 else ''}. Save the file "
            "without it"
        )
    count = getattr(estimator, "n_features_in_", None)
    if count != len(named) or len(set(named)) < len(named):
        raise ValueError(
            f"the {lists[0]} has {len(named)} names, and the model takes {count} columns. Save the "
            "names of the columns that the model was fitted to, each once"
        )
    first = estimator.steps[0][1] if hasattr(estimator, "steps") else estimator
    with suppress(AttributeError):  # other libraries compute it
        first.feature_names_in_ = np.array(named, dtype=object)
    if list(getattr(estimator, "feature_names_in_", [])) != named:
        raise ValueError(
            f"its {type(first).__name__} cannot be given the names of the {lists[0]}. Fit it to a "
            "DataFrame with these columns, and save it again"
        )
    return [f"The columns are, in this order: {', '.join(named)}."]


def check_some_columns(estimator: Any, lists: Sequence[Part]) -> None:
    """Check that lists of some of the columns say nothing that the model does not know.

    Raises:
        ValueError: a name is of no column of the model, so its script did something with it.
    """
    own = set(getattr(estimator, "feature_names_in_", ()))
    for part in lists:
        if unknown := [name for name in names_of(part) if name not in own]:
            raise ValueError(
                f"the {part} names {unknown[0]}, which is no column that the model was fitted to. "
                "Fit a pipeline that begins with a ColumnTransformer, and save that; or leave the "
                "list out, if it says nothing of the inputs"
            )


def pass_names(steps: Sequence[Any]) -> None:
    """Compare the names that each step gives with those that the next was fitted to.

    A step gets no names in a pipeline, and would warn at each call, so it is freed of them.

    Raises:
        ValueError: they are in another order.
    """
    for before, after in pairwise(steps):
        expected = vars(after).get("feature_names_in_")
        if expected is None:
            continue
        places = {name: number for number, name in enumerate(_given(before))}
        if any(places.get(name, number) != number for number, name in enumerate(expected)):
            raise ValueError(
                f"its {type(before).__name__} gives the columns in another order than its "
                f"{type(after).__name__} was fitted to. Fit both in one pipeline, and save that"
            )
        del after.feature_names_in_


def _given(step: Any) -> list[str]:
    """The names of the columns that a step gives; empty if it does not tell."""
    try:
        return list(step.get_feature_names_out())
    # Steps of other libraries may raise anything.
    except Exception:  # noqa: BLE001
        return []
