"""Finds the setting under which a model gives what its user expects."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.model import Model
from training.added.meaning import Meaning
from training.proof.expectation import Expectation
from training.proof.other_outputs import (
    class_values,
    linear_scale,
    other_classes,
    other_pairings,
    other_scales,
    renamed,
)
from training.proof.other_rows import orders, other_rows
from training.proof.proposal import Proposal

#: Makes the model once more, from the same file, with other options.
Again = Callable[[Meaning], Model]


def alternatives(
    file: Path,
    folder: Path,
    model: Model,
    meaning: Meaning,
    again: Again,
    expectation: Expectation,
    scored: pd.DataFrame,
) -> Iterator[Proposal]:
    """Settings under which a model may give what its user expects, the likeliest ones first.

    Args:
        file: the user's file.
        folder: the model's folder.
        model: loaded from it.
        meaning: what the user said.
        again: makes the model once more, with other options.
        expectation: what is expected.
        scored: what the model gives for the rows.
    """

    def with_options(setting: str, **change: Any) -> Proposal:
        made = cache(lambda: again(replace(meaning, **change)))
        return Proposal(setting, lambda rows: made().score(rows))

    yield from _of_score(model, expectation, scored, with_options)
    yield from other_pairings(model, expectation, scored)
    yield from _of_classes(model, expectation, scored, with_options)
    yield from other_scales(model, expectation)
    if model.card.format == "hdf5":
        # Imported here: it needs TensorFlow, as the model does.
        from training.proof.other_words import other_words  # noqa: PLC0415

        found: Any = model
        yield from other_words(file, folder, found, meaning)
    yield from _of_columns(model, expectation, with_options)
    if model.card.format in ("pkl", "ubj"):
        from training.proof.other_trees import other_trees  # noqa: PLC0415  it needs scikit-learn

        yield from other_trees(folder, model)
    yield from other_rows(model)
    yield from linear_scale(model, expectation, scored)


WithOptions = Callable[..., Proposal]

#: The number of rows on which an order of columns must fit first.
_FEW = 60


def _of_classes(
    model: Model,
    expectation: Expectation,
    scored: pd.DataFrame,
    with_options: WithOptions,
) -> Iterator[Proposal]:
    of = other_classes(model, expectation, scored)
    if not of:
        return
    if model.card.format in ("hdf5", "keras", "onnx"):
        own = [str(one.of) for one in model.card.signature.outputs if one.meaning == "probability"]
        names = [of.get(one, one) for one in own]
        yield with_options(f"With --classes {','.join(names)}", classes=tuple(names))
    outputs = model.card.signature.outputs
    advice = "the columns of predict_proba are in the order of classes_; name those of the file so"
    yield Proposal(
        f"With the classes in another order ({_pairs(of)})",
        lambda rows: renamed(model.score(rows), outputs, of),
        advice,
    )
    yield Proposal(
        f"With the probabilities in another order ({_pairs(of)})",
        lambda rows: renamed(model.score(rows), outputs, of, with_labels=False),
        advice,
    )


def _pairs(of: Mapping[str, str]) -> str:
    said = [f"your {user} is the model's {own}" for own, user in of.items() if own != user]
    return ", ".join(said[:6]) + (", ..." if len(said) > 6 else "")


def _of_score(
    model: Model, expectation: Expectation, scored: pd.DataFrame, with_options: WithOptions
) -> Iterator[Proposal]:
    values = class_values(expectation, scored, model)
    if not values:
        return
    of = [str(one.of) for one in model.card.signature.outputs if one.meaning == "probability"]
    if sorted(values) == [0.0] * (len(values) - 1) + [1.0] and model.card.format in _ESTIMATORS:
        name = of[values.index(1.0)]
        others: dict[str, Any] = {"class_values": None, "positive": name}
        yield with_options(f"With --positive {name}", **others)
    said = ",".join(f"{one:g}" for one in values)
    yield with_options(f"With --class-values {said}", class_values=tuple(values), positive=None)


_ESTIMATORS = ("pkl", "skops", "ubj", "lgb", "cbm")


def _of_columns(
    model: Model, expectation: Expectation, with_options: WithOptions
) -> Iterator[Proposal]:
    inputs = {one.name: one for one in model.card.signature.inputs}
    few = expectation.taken(np.arange(len(expectation.rows))[:_FEW])
    for order in orders(model.card.signature.inputs, expectation.order):
        # To make the model once more takes longer than to exchange columns.
        exchanged = _Exchanged(model, dict(zip(inputs, order, strict=True)))
        if not Proposal("", exchanged.score).fits(few):
            continue
        said = ",".join(
            f"{name}:{inputs[name].type}{'' if inputs[name].required else '?'}" for name in order
        )
        yield with_options(f"With --inputs {said}", inputs=said, example=None)


@dataclass(frozen=True)
class _Exchanged:
    """A model that gets in each column the values of another."""

    model: Model
    values_of: Mapping[str, str]

    def score(self, rows: pd.DataFrame) -> pd.DataFrame:
        columns = {name: rows[other] for name, other in self.values_of.items()}
        return self.model.score(pd.DataFrame(columns, index=rows.index))
