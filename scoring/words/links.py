"""How the decisions of a linear classifier become probabilities, as scikit-learn has them.

Nothing here imports scikit-learn, because `scoring.mapped` scores without it.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from scoring.words.addresses import address
from scoring.words.compiled_words import LIBRARY

Floats = npt.NDArray[np.float64]


Kind = Literal["softmax", "one_vs_rest", "sigmoids", "labels", "modified_huber"]


class Link(Protocol):
    """Maps decisions to probabilities."""

    @property
    def is_linear(self) -> bool:
        """Whether effects add up to the log-odds, or to the decision of a class of several."""

    def probabilities(self, decisions: Floats) -> Floats:
        """The probabilities of K classes, n x K.

        Args:
            decisions: the sums of weight x coefficient without intercepts, n x D.
        """


@dataclass(frozen=True)
class PlainLink(Link):
    """The link of a classifier that is not calibrated.

    Attributes:
        kind: how decisions become probabilities; see `_KINDS`. One decision becomes two
            probabilities: by the sigmoid, or as `modified_huber` has it.
        intercepts: D numbers, of the type that scikit-learn adds to decisions.
    """

    kind: Kind
    intercepts: npt.NDArray[Any]

    @property
    def is_linear(self) -> bool:
        """Unless a text may have several labels; see `Link`."""
        return self.kind != "labels"

    def probabilities(self, decisions: Floats) -> Floats:
        """The probabilities of K classes, n x K; see `Link`."""
        decisions = decisions + self.intercepts
        if decisions.shape[1] > 1:
            return _KINDS[self.kind](decisions)
        second = _clipped(decisions) if self.kind == "modified_huber" else sigmoid(decisions)
        return np.hstack([1 - second, second])


@dataclass(frozen=True)
class Fold:
    """A fold of a calibrated classifier: Platt's sigmoid for each of its decisions.

    Attributes:
        intercepts: the intercept of each decision.
        slopes: the slope of each sigmoid, `a_` in scikit-learn.
        offsets: the offset of each sigmoid, `b_`.
    """

    intercepts: npt.NDArray[Any]
    slopes: Sequence[float]
    offsets: Sequence[float]


@dataclass(frozen=True)
class CalibratedLink(Link):
    """The link of a `CalibratedClassifierCV`; its decisions are those of all folds in turn.

    Attributes:
        classes: the number of classes.
        folds: the folds.
    """

    classes: int
    folds: Sequence[Fold]

    @property
    def is_linear(self) -> bool:
        """Only with one sigmoid: the mean of several is not linear; see `Link`."""
        return self.classes == 2 and len(self.folds) == 1

    def probabilities(self, decisions: Floats) -> Floats:
        """The probabilities of K classes, n x K; see `Link`."""
        decisions = decisions + np.concatenate([fold.intercepts for fold in self.folds])
        ends = np.cumsum([len(fold.intercepts) for fold in self.folds])
        of_folds = np.split(decisions, ends[:-1], axis=1)
        total = sum(map(self._of_fold, self.folds, of_folds))
        return np.asarray(total / len(self.folds))

    def _of_fold(self, fold: Fold, decisions: Floats) -> Floats:
        """The probabilities of a fold, as `_CalibratedClassifier.predict_proba` has them."""
        each = np.column_stack(
            [
                sigmoid(-(slope * column + offset))
                for slope, offset, column in zip(
                    fold.slopes, fold.offsets, decisions.T, strict=True
                )
            ]
        )
        if self.classes == 2:
            each = np.hstack([1 - each, each])
        else:
            each[~each.any(axis=1)] = 1.0
            each /= each.sum(axis=1, keepdims=True)
        each[(each > 1) & (each <= 1 + 1e-5)] = 1
        return each


def described(link: Link) -> dict[str, Any] | None:
    """A link in JSON's values, for `link_of`; Python writes and reads floats without a loss.

    None if its numbers are no doubles: in single precision probabilities are computed otherwise.
    """
    if isinstance(link, PlainLink):
        if link.intercepts.dtype != np.float64:
            return None
        return {"kind": link.kind, "intercepts": link.intercepts.tolist()}
    if not isinstance(link, CalibratedLink):
        return None
    numbers = [(np.asarray(f.intercepts), np.asarray([f.slopes, f.offsets])) for f in link.folds]
    if any(array.dtype != np.float64 for pair in numbers for array in pair):
        return None
    folds = [
        {"intercepts": intercepts.tolist(), "slopes": slopes, "offsets": offsets}
        for intercepts, (slopes, offsets) in ((one, two.tolist()) for one, two in numbers)
    ]
    return {"classes": link.classes, "folds": folds}


def link_of(description: dict[str, Any]) -> Link:
    """The link that `described` has described."""
    if "kind" in description:
        return PlainLink(description["kind"], np.asarray(description["intercepts"]))
    folds = [
        Fold(np.asarray(fold["intercepts"]), fold["slopes"], fold["offsets"])
        for fold in description["folds"]
    ]
    return CalibratedLink(description["classes"], folds)


def sigmoid(numbers: Floats) -> Floats:
    """1 / (1 + e^-x) of each number, to the last bit as `scipy.special.expit` computes it."""
    if numbers.dtype != np.float64 or not hasattr(LIBRARY, "sigmoids"):
        # A sixth of a second and 13 MB that compiled code saves.
        from scipy.special import expit  # noqa: PLC0415

        return np.asarray(expit(numbers))
    found = np.array(numbers, order="C")
    LIBRARY.sigmoids(address(found), ctypes.c_int64(found.size))
    return found


def _softmax(decisions: Floats) -> Floats:
    """The operations of `scipy.special.softmax`, in its order."""
    exponentials = np.exp(decisions - decisions.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def _one_vs_rest(decisions: Floats) -> Floats:
    """Normalised sigmoids, as in `SGDClassifier.predict_proba` (Zadrozny and Elkan, 2002)."""
    return _normalised(sigmoid(decisions))


def _sigmoids(decisions: Floats) -> Floats:
    """Normalised sigmoids, as in `OneVsRestClassifier.predict_proba`; it leaves rows of zeros."""
    each = sigmoid(decisions)
    sums = each.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(each, sums, out=each, where=sums != 0))


def _modified_huber(decisions: Floats) -> Floats:
    """Normalised numbers, as in `SGDClassifier.predict_proba` with the modified Huber loss."""
    return _normalised(_clipped(decisions))


def _clipped(decisions: Floats) -> Floats:
    """The probability of a class with the modified Huber loss: (clip(d, -1, 1) + 1) / 2."""
    return np.asarray((np.clip(decisions, -1, 1) + 1) / 2)


def _normalised(each: Floats) -> Floats:
    # A long text without a norm may give every class the probability 0; all are then equal.
    each[~each.any(axis=1)] = 1.0
    return np.asarray(each / each.sum(axis=1, keepdims=True))


#: How several decisions become the probabilities of as many classes; with `labels`, of labels of
#: which a text may have any number.
_KINDS: dict[Kind, Callable[[Floats], Floats]] = {
    "softmax": _softmax,
    "one_vs_rest": _one_vs_rest,
    "sigmoids": _sigmoids,
    "labels": sigmoid,
    "modified_huber": _modified_huber,
}
