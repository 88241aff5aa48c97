"""Joins the parts of a model to one pipeline, without another fit."""

from dataclasses import dataclass, field
from itertools import pairwise, permutations
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline, make_pipeline

from scoring.estimators.checks import TRIAL_TEXTS
from scoring.saved.parts import all_parts
from training.added.class_names import class_names_of
from training.added.column_names import check_some_columns, name_columns, pass_names
from training.added.file_parts import Part, Parts

#: More steps than these are not put into order.
_MOST_STEPS = 5

#: What a step takes or gives that works on texts, in place of a number of columns.
_TEXT = "texts"


@dataclass(frozen=True)
class Joined:
    """A model that was made of parts.

    Attributes:
        estimator: the pipeline, or the one estimator that predicts.
        class_names: the names of its classes in their order; None: its own.
        notes: what was understood, in sentences for the user.
    """

    estimator: Any
    class_names: list[Any] | None = None
    notes: list[str] = field(default_factory=list)


def join(parts: Parts) -> Joined:
    """Join the transformers and the model to a pipeline; name its columns and classes.

    Raises:
        ValueError: the parts do not fit, or fit in more than one way; the message says what was
            found, and what to do.
    """
    predictor = _only_predictor(parts)
    transformers = _outside(parts.transformers, predictor.value)
    ordered = _in_order(transformers, predictor, is_ordered=parts.is_ordered)
    steps = [*_steps(ordered), *_steps([predictor])]
    estimator, notes = predictor.value, []
    if ordered:
        pass_names(steps)
        estimator = make_pipeline(*steps)
        made_of = ", ".join(map(str, [*ordered, predictor]))
        # A step may be of another model, or of the target: its file does not tell.
        notes.append(
            f"A pipeline was made of {made_of}. Compare some of its outputs with those of your "
            "script."
        )
    if parts.columns:
        is_of_texts = _takes(ordered[0] if ordered else predictor) == _TEXT
        notes += name_columns(estimator, parts.columns, is_of_texts=is_of_texts)
    check_some_columns(estimator, parts.some_columns)
    class_names = class_names_of(predictor.value, parts)
    if class_names is not None:
        notes.append(f"The classes are named: {', '.join(map(str, class_names))}.")
    unused = [*parts.left_out, *parts.some_columns]
    unused += [part for part in parts.transformers if part not in transformers]
    if unused:
        notes.append(f"Left out: {', '.join(map(str, unused))}.")
    return Joined(estimator, class_names, notes)


def _only_predictor(parts: Parts) -> Part:
    if not parts.predictors:
        reason = f"nothing in it predicts. It holds {parts}. Add the fitted model"
        raise ValueError(reason)
    if len(parts.predictors) > 1:
        raise ValueError(
            f"it holds {len(parts.predictors)} models: {', '.join(map(str, parts.predictors))}. "
            "Save the one that is to be served; or fit a VotingClassifier or StackingClassifier of "
            "them"
        )
    # The estimator inside a search, which would hide its steps.
    part = parts.predictors[0]
    return Part(part.name, getattr(part.value, "best_estimator_", part.value))


def _outside(transformers: list[Part], predictor: Any) -> list[Part]:
    """The transformers that are no steps of the model already."""
    inside = {id(part) for part in all_parts(predictor)}
    return [part for part in transformers if id(part.value) not in inside]


def _steps(parts: list[Part]) -> list[Any]:
    """The estimators of the parts, in place of a pipeline its steps."""
    found: list[Any] = []
    for part in parts:
        is_plain = type(part.value) is Pipeline and part.value.memory is None
        found += [step for _, step in part.value.steps] if is_plain else [part.value]
    return found


def _in_order(transformers: list[Part], predictor: Part, *, is_ordered: bool) -> list[Part]:
    """The order in which each transformer gives as many numbers as the next part takes."""
    if len(transformers) > _MOST_STEPS:
        raise ValueError(f"it holds {len(transformers)} transformers. Save one pipeline")
    if is_ordered and not _misfit([*transformers, predictor]):
        return transformers
    found = [
        list(order) for order in permutations(transformers) if not _misfit([*order, predictor])
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(map(str, transformers))
    if found:
        raise ValueError(
            f"the order of its steps is not known: {names}. Save them in a list in their order, "
            "the model last; or save one pipeline: joblib.dump(make_pipeline(first, second, "
            "model), 'model.pkl')"
        )
    raise ValueError(
        f"its parts do not fit: {_misfit([*transformers, predictor])}. If the steps work on some "
        "of the columns only, fit a pipeline that begins with a ColumnTransformer, and save that"
    )


def _misfit(chain: list[Part]) -> str:
    """Why a chain of parts does not fit; empty if nothing is known against it."""
    for before, after in pairwise(chain):
        gives, takes = _gives(before), _takes(after)
        if gives is not None and takes is not None and gives != takes:
            return f"{before} gives {_amount(gives)} for a row, and {after} takes {_amount(takes)}"
        if takes == _TEXT and gives is None:
            return f"{after} takes {_TEXT}, and {before} may give none"
    return ""


def _amount(size: int | str) -> str:
    if isinstance(size, str):
        return size
    return "1 number" if size == 1 else f"{size} numbers"


def _takes(part: Part) -> int | str | None:
    """The number of columns that a part was fitted to, or `_TEXT`; None if it does not tell."""
    columns = getattr(part.value, "n_features_in_", None)
    if columns is not None:
        return int(columns)
    method = getattr(part.value, "transform", None) or part.value.predict
    return _TEXT if _tried(method, part) is not None else None


def _gives(part: Part) -> int | str | None:
    """The number of columns that a transformer gives, or `_TEXT`; None if it does not tell."""
    if _takes(part) == _TEXT:
        found = _tried(part.value.transform, part)
        return int(found.shape[1]) if len(getattr(found, "shape", ())) == 2 else _TEXT
    try:
        return len(part.value.get_feature_names_out())
    # Some cannot tell without the names of their inputs, and those of other libraries may raise
    # anything.
    except Exception:  # noqa: BLE001
        return getattr(part.value, "_n_features_out", None)


def _tried(method: Any, part: Part) -> Any:
    """What a method makes of texts; None if it takes none."""
    try:
        return method(list(TRIAL_TEXTS))
    except NotFittedError as error:
        reason = f"the {part} is not fitted. Save it after `fit`"
        raise ValueError(reason) from error
    # Steps that take no texts, which may be the user's code, raise any exception.
    except Exception:  # noqa: BLE001
        return None
