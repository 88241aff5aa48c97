"""Finds the labels of the classes of an ONNX graph, in the order of its numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.errors.input import BadOption

#: The share of rows whose label is the class with the highest number. Some classifiers, such as
#: `SVC` with `probability`, choose the label in another way, which differs for a few rows.
_AGREEMENT = 0.9

#: How far the sum of a row's probabilities may be from 1. Graphs compute with 32 bits.
_SUM_TOLERANCE = 1e-4

#: Labels, the graph's own labels where they differ, and notes.
Found = tuple[tuple[Any, ...] | None, tuple[Any, ...], tuple[str, ...]]


def class_labels(
    raw: Any,
    numbers: npt.NDArray[np.float64],
    labels: npt.NDArray[Any] | None,
    known_lists: Sequence[tuple[Any, ...]],
    given: Sequence[str] | None,
) -> Found:
    """The labels of K classes.

    Args:
        raw: what the graph gave as numbers; maps from label to number tell all.
        numbers: the same, an array of n x K.
        labels: the label of each of the n rows, as the graph gave it; None: it gives none.
        known_lists: lists in the file that may be the labels.
        given: the names of the classes, if the user says them.

    Returns:
        The labels, None if the numbers are not of classes; the graph's own labels, if the user
        names the classes otherwise; and what was guessed.

    Raises:
        shared.errors.input.BadOption: the user's names do not fit.
        ValueError: the order of the classes is not known.
    """
    count = 2 if numbers.shape[1] == 1 and labels is None else numbers.shape[1]
    names = parsed(given) if given is not None else None
    if names is not None and (len(names) != count or len(set(names)) < count):
        reason = f"its graph has {count} classes; name each of them once"
        raise BadOption(option="classes", value=",".join(given or ()), reason=reason)
    if labels is None:
        return _without_labels(numbers, names, count)
    own = _own_labels(raw, numbers, labels, known_lists)
    if names is None:
        if own is not None:
            return own, (), ()
        if sums_to_one(numbers) and _are_numbered(numbers, labels):
            raise ValueError(
                f"it gives labels and {count} numbers for each row, and the order of its classes "
                "is not known. Name them with --classes, in the order of the numbers (the order of "
                "classes_ in scikit-learn), or install the package onnx here, which reads them"
            )
        return None, (), ()
    seen = set(labels.tolist())
    if seen <= set(names):
        if not _agrees(names, numbers, labels):
            raise BadOption(
                option="classes",
                value=",".join(map(str, names)),
                reason="its graph gives other labels for the highest number: this is not their "
                "order",
            )
        return names, (), ()
    if own is None:
        raise BadOption(
            option="classes",
            value=",".join(map(str, names)),
            reason=f"the graph's own labels are others, such as {min(map(str, seen))}",
        )
    return names, own, (f"Its own labels {_listed(own)} are shown as {_listed(names)}",)


def parsed(names: Sequence[str]) -> tuple[Any, ...]:
    """Labels as a user writes them: whole numbers if all are, then True and False, else texts."""
    stripped = [name.strip() for name in names]
    if all(name.removeprefix("-").isdecimal() for name in stripped):
        return tuple(map(int, stripped))
    if all(name in ("True", "False") for name in stripped):
        return tuple(name == "True" for name in stripped)
    return tuple(stripped)


def sums_to_one(numbers: npt.NDArray[Any]) -> bool:
    """Whether rows of numbers are the probabilities of classes that exclude each other."""
    if numbers.shape[1] < 2:
        return False
    in_range = numbers.min() >= -_SUM_TOLERANCE and numbers.max() <= 1 + _SUM_TOLERANCE
    return bool(in_range and (np.abs(numbers.sum(axis=1) - 1) <= _SUM_TOLERANCE).all())


def _without_labels(
    numbers: npt.NDArray[np.float64], names: tuple[Any, ...] | None, count: int
) -> Found:
    if numbers.shape[1] == 1:
        # Without names `understand` takes one number for a prediction.
        if numbers.min() < 0 or numbers.max() > 1:
            raise BadOption(
                option="classes",
                value=_listed(names or ()),
                reason=f"its graph gives one number, {numbers.min():.3g} to {numbers.max():.3g}, "
                "which is no probability of the second of two classes. End it with a sigmoid",
            )
        note = f"Its one number is taken for the probability of {(names or ('',))[-1]}"
        return names, (), (note,)
    if names is None:
        note = "Its classes are numbered, from 0. Name them with --classes, in their order"
        return tuple(range(count)), (), (note,)
    return names, (), ()


def _own_labels(
    raw: Any,
    numbers: npt.NDArray[np.float64],
    labels: npt.NDArray[Any],
    known_lists: Sequence[tuple[Any, ...]],
) -> tuple[Any, ...] | None:
    """The graph's own labels in the order of its numbers; None if they are not known for sure."""
    if isinstance(raw, list) and raw and isinstance(raw[0], dict):
        return tuple(raw[0])
    fitting = [one for one in known_lists if len(one) == numbers.shape[1] == len(set(one))]
    for one in fitting:
        if set(labels.tolist()) <= set(one) and _agrees(one, numbers, labels):
            return one
    if not sums_to_one(numbers):
        # The numbers may be distances, of which the least decides.
        return None
    pairs = set(zip(numbers.argmax(axis=1).tolist(), labels.tolist(), strict=True))
    by_place = dict(pairs)
    # One label for each place, and every place seen: nothing is left to guess.
    if len(pairs) == numbers.shape[1] == len(by_place) == len(set(by_place.values())):
        return tuple(by_place[place] for place in sorted(by_place))
    return None


def _are_numbered(numbers: npt.NDArray[np.float64], labels: npt.NDArray[Any]) -> bool:
    """Whether the label of a row follows from the place of its highest number, as far as seen."""
    pairs = set(zip(numbers.argmax(axis=1).tolist(), labels.tolist(), strict=True))
    return len(pairs) == len(dict(pairs))


def _agrees(
    classes: Sequence[Any], numbers: npt.NDArray[np.float64], labels: npt.NDArray[Any]
) -> bool:
    best = [classes[place] for place in numbers.argmax(axis=1)]
    equal = sum(one == other for one, other in zip(best, labels.tolist(), strict=True))
    return bool(equal >= _AGREEMENT * len(labels))


def _listed(labels: Sequence[Any]) -> str:
    return ", ".join(map(str, labels[:10])) + (", ..." if len(labels) > 10 else "")
