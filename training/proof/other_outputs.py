"""Other ways of reading what a model gives: another order of classes, or another scale."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import Model
from shared.signature import SCORE, Output
from training.proof.expectation import Expectation, ExpectedColumn
from training.proof.proposal import Proposal

Numbers = npt.NDArray[np.float64]

#: What a column may hold in place of a number X -> how it follows from X.
_SCALES: dict[str, Callable[[Numbers], Numbers]] = {
    "1 - {0}": lambda given: 1 - given,
    "{0} in percent (times 100)": lambda given: 100 * given,
    "the log-odds of {0} (decision_function, the margin of a booster, a logit)": lambda given: (
        np.log(given) - np.log1p(-given)
    ),
    "{0} made a probability by a sigmoid (the inverse of log-odds)": lambda given: (
        1 / (1 + np.exp(-given))
    ),
    "the logarithm of {0} (predict_log_proba)": np.log,
    "the exponential of {0}": np.exp,
    "exp({0}) - 1": np.expm1,
    "log(1 + {0})": np.log1p,
    "minus {0}": lambda given: -given,
    "{0} cut at 0.5, as 0 or 1": lambda given: (given > 0.5).astype(np.float64),
}

_ADVICE = {
    "1 - {0}": "your column holds the probability of the other class: name the one that it is "
    "compared with (--expect-column), or the class that is to be the score (--positive, "
    "--class-values)",
    "{0} in percent (times 100)": "the model itself gives a share of 1",
    "{0} made a probability by a sigmoid (the inverse of log-odds)": "the model gives log-odds: "
    "save it with its sigmoid or as a classifier",
}

_ON_OTHER_SCALE = (
    "your script changes what the model gives, and the service does not: make the step a part of "
    "the model, or expect what it gives"
)


def other_classes(model: Model, expectation: Expectation, scored: pd.DataFrame) -> dict[str, str]:
    """Which class of the model is which one of the user, if they are in another order.

    Args:
        model: gives `scored`.
        expectation: what the user expects.
        scored: what the model gives for the same rows.

    Returns:
        The user's class for each class of the model; empty if the columns tell no other order.
    """
    outputs = {one.name: one for one in model.card.signature.outputs}
    chances = {one.of: name for name, one in outputs.items() if one.meaning == "probability"}
    classes = [str(one) for one in chances]
    found: dict[str, str] = {}
    for column in expectation.columns:
        if column.output.meaning != "probability" or not _is_of(column.output, chances):
            continue
        fitting = [
            of
            for of, name in chances.items()
            if of is not None and of not in found and not column.apart(scored[name]).any()
        ]
        if not fitting:
            return {}
        of = str(column.output.of)
        found[of if of in fitting else fitting[0]] = of
    if not found:
        found = _by_labels(expectation, scored)
    # With one class missing on each side, they belong together.
    left = [one for one in classes if one not in found]
    free = [one for one in classes if one not in found.values()]
    if len(left) == 1:
        found[left[0]] = free[0]
    elif left:
        found |= {one: one for one in left if one in free}
    is_whole = sorted(found) == sorted(found.values())
    return found if is_whole and any(of != user for of, user in found.items()) else {}


def _is_of(output: Output, chances: Mapping[str | None, str]) -> bool:
    return chances.get(output.of) == output.name


def _by_labels(expectation: Expectation, scored: pd.DataFrame) -> dict[str, str]:
    """The same from labels, if each label of the model always stands for one of the user."""
    found: dict[str, str] = {}
    for column in expectation.columns:
        if column.output.name != "label":
            continue
        for given, expected in zip(scored["label"], column.values, strict=True):
            if expected is None or found.setdefault(str(given), str(expected)) != str(expected):
                return {}
    return found if len(set(found.values())) == len(found) else {}


def renamed(
    scored: pd.DataFrame,
    outputs: tuple[Output, ...],
    of: Mapping[str, str],
    *,
    with_labels: bool = True,
) -> pd.DataFrame:
    """What a model gives, with its classes called as the user calls them.

    Args:
        scored: what it gives.
        outputs: of its signature.
        of: the user's class for each class of the model.
        with_labels: the labels too, and not the probabilities alone.
    """
    by_class = {one.of: one.name for one in outputs if one.meaning == "probability"}
    columns: dict[str, Any] = {
        by_class[user]: scored[by_class[own]]
        for own, user in of.items()
        if own in by_class and user in by_class
    }
    if with_labels and "label" in scored.columns:
        # A label may be a number or a boolean, and `of` has it as a text.
        values = {str(one): one for one in scored["label"].dropna().unique()}
        values |= {user: _like(user, values) for user in of.values() if user not in values}
        columns["label"] = [
            values[of.get(str(one), str(one))] if not pd.isna(one) else one
            for one in scored["label"]
        ]
    return scored.assign(**columns)


def _like(text: str, values: Mapping[str, Any]) -> Any:
    """A label that no row has, of the type of the others."""
    kinds = {type(one) for one in values.values()}
    if kinds == {bool}:
        return text == "True"
    if len(kinds) == 1 and kinds <= {int, float}:
        return kinds.pop()(text)
    return text


def class_values(expectation: Expectation, scored: pd.DataFrame, model: Model) -> list[float]:
    """What each class would be worth in the score that the user expects; empty if nothing fits.

    The score is the mean of these numbers, weighted by the probabilities, so that they follow from
    the probabilities and scores of some rows by least squares.
    """
    chances = [one.name for one in model.card.signature.outputs if one.meaning == "probability"]
    expected = [one for one in expectation.columns if one.output.name == SCORE]
    if len(chances) < 2 or not expected:
        return []
    rows = scored[chances].to_numpy(dtype=np.float64)
    wanted = expected[0].values
    whole = np.isfinite(rows).all(axis=1) & np.isfinite(wanted)
    if whole.sum() < len(chances):
        return []
    solution: Any = np.linalg.lstsq(rows[whole], wanted[whole], rcond=1e-9)
    found, _, rank, _ = solution
    # If all are worth the same, every model matches.
    if rank < len(chances) or np.ptp(found) < 1e-3:
        return []
    for digits in range(1, 6):
        rounded = np.round(found, digits) + 0.0
        score = pd.Series(rows @ rounded)
        if not expected[0].apart(score).any() and ((rounded >= 0) & (rounded <= 1)).all():
            return [float(one) for one in rounded]
    return []


def other_pairings(
    model: Model, expectation: Expectation, scored: pd.DataFrame
) -> Iterator[Proposal]:
    """The model with other outputs than were guessed from usual names of columns."""
    found = {}
    for column in expectation.columns:
        if column.guessed and column.is_number and column.apart(scored[column.output.name]).any():
            fitting = [
                one.name
                for one in model.card.signature.outputs
                if one.type == "double" and not column.apart(scored[one.name]).any()
            ]
            if fitting:
                found[column] = fitting[0]
    if found:
        said = " ".join(f"--expect-column {one.name}={name}" for one, name in found.items())
        yield Proposal(
            f"With {said}",
            lambda rows: _paired(model.score(rows), found),
        )


def _paired(scored: pd.DataFrame, found: Mapping[ExpectedColumn, str]) -> pd.DataFrame:
    return scored.assign(**{one.output.name: scored[name] for one, name in found.items()})


def other_scales(model: Model, expectation: Expectation) -> Iterator[Proposal]:
    """The model with its numbers on another scale."""
    names = [one.output.name for one in expectation.columns if one.is_number]
    if not names:
        return
    columns = ", ".join(one.name for one in expectation.columns if one.is_number)
    columns += " holds" if len(names) == 1 else " hold"
    for what, change in _SCALES.items():

        def score(
            rows: pd.DataFrame, change: Callable[[Numbers], Numbers] = change
        ) -> pd.DataFrame:
            scored = model.score(rows)
            with np.errstate(all="ignore"):
                changed = {one: change(scored[one].to_numpy(dtype=np.float64)) for one in names}
            return scored.assign(**changed)

        said = what.format(" and ".join(names[:3]))
        yield Proposal(f"If {columns} {said},", score, _ADVICE.get(what, _ON_OTHER_SCALE))


def linear_scale(
    model: Model, expectation: Expectation, scored: pd.DataFrame
) -> Iterator[Proposal]:
    """The model with its one number multiplied, and another added to it."""
    numbers = [one for one in expectation.columns if one.is_number]
    if len(numbers) != 1 or len(expectation.rows) < 4:
        return
    name = numbers[0].output.name
    given, wanted = scored[name].to_numpy(dtype=np.float64), numbers[0].values
    whole = np.isfinite(given) & np.isfinite(wanted)
    # Two values always lie on a line.
    if len(np.unique(given[whole])) < 3 or len(np.unique(wanted[whole].round(6))) < 3:
        return
    columns = np.column_stack([given[whole], np.ones(int(whole.sum()))])
    slope, offset = np.linalg.lstsq(columns, wanted[whole], rcond=None)[0].tolist()

    def score(rows: pd.DataFrame) -> pd.DataFrame:
        found = model.score(rows)
        return found.assign(**{name: offset + slope * found[name]})

    says = f"If {numbers[0].name} holds {offset:.6g} + {slope:.6g} times {name},"
    yield Proposal(says, score, _ON_OTHER_SCALE)
