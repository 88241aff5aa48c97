"""Finds out what the outputs of an ONNX graph mean, from what it gives for made-up rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from scoring.class_values import given_values, values_of_labels
from scoring.graphs.answers import Answers, table_of, type_of
from shared.errors.input import BadOption
from shared.model import SCORE
from shared.signature import RESERVED, Output
from training.added.estimator import one_class
from training.added.graph_classes import class_labels, sums_to_one
from training.added.meaning import Meaning

#: Probabilities of more classes than these are given on request only.
MANY_CLASSES = 20

_NO_SOFTMAX = (
    "The numbers of its output {0} are given as they are: they do not add up to 1, so they may be "
    "logits, which were not made probabilities. If they are to be probabilities, end the model "
    "with a softmax or a sigmoid, and export it again"
)

_UNTIED = (
    "It is not known which number belongs to which label, so the numbers are counted, from 0. If "
    "they are of classes, name these with --classes, in the order of the numbers"
)


@dataclass(frozen=True)
class Understood:
    """What the outputs of a graph are taken for.

    Attributes:
        answers: how the runtime reads them.
        outputs: the columns that they become.
        notes: what was guessed, for the person who adds the model.
    """

    answers: Answers
    outputs: tuple[Output, ...]
    notes: tuple[str, ...] = ()

    def noting(self, note: str) -> Self:
        """The same with one more note."""
        return replace(self, notes=(*self.notes, note))


def understand(
    found: Mapping[str, Any], known_lists: Sequence[tuple[Any, ...]], meaning: Meaning
) -> Understood:
    """Find out what a graph gives.

    Args:
        found: what it gave for n made-up rows, by the name of its output, in its order.
        known_lists: lists in the file that may be the labels of the classes.
        meaning: what the user says.

    Raises:
        shared.errors.input.BadOption: an option does not fit what the graph gives.
        ValueError: it gives no columns, or the order of its classes is not known.
    """
    tables = {name: table_of(value) for name, value in found.items()}
    rows = {len(table) for table in tables.values()}
    if len(rows) > 1 or not tables:
        raise ValueError("its outputs do not have one row for each row of the input")
    label, scores = _classifier_of(found, tables)
    if label and scores and tables[label].shape[1] > 1:
        return _many_labels(label, scores[0], tables, meaning)
    if not scores or not (label or meaning.classes or sums_to_one(tables[scores[0]])):
        meaning.refuse(("classes",), "its graph gives no classes")
        return _columns(tables, meaning)
    meaning.refuse(("labels",), "its graph gives one label for each row; see --classes")
    labels, own, notes = class_labels(
        found[scores[0]] if len(scores) == 1 else None,
        np.column_stack([tables[name] for name in scores]).astype(np.float64),
        tables[label][:, 0] if label else None,
        known_lists,
        meaning.classes,
    )
    if labels is None:
        return _columns(tables, meaning).noting(_UNTIED)
    answers = Answers(label=label, scores=scores, classes=labels, own_labels=own)
    numbers = answers.scores_of(found)
    outputs = _of_classes(labels, are_probabilities=sums_to_one(numbers))
    if not sums_to_one(numbers):
        notes = (*notes, _NO_SOFTMAX.format(", ".join(scores)))
    if unused := [name for name in tables if name not in (label, *scores)]:
        notes = (*notes, f"Its outputs {', '.join(unused)} are left out")
    return Understood(answers, outputs, notes)


def _classifier_of(
    found: Mapping[str, Any], tables: Mapping[str, npt.NDArray[Any]]
) -> tuple[str, tuple[str, ...]]:
    """The output with labels, and those with a number for each class; empty without."""
    floats = [name for name, table in tables.items() if table.dtype.kind == "f"]
    labels = [name for name in tables if name not in floats]
    maps = [name for name in floats if isinstance(found[name], list)]
    wide = maps or [name for name in floats if tables[name].shape[1] > 1]
    if len(labels) > 1:
        return "", ()
    label = labels[0] if labels else ""
    if len(wide) == 1 and (label or len(tables) == 1):
        return label, (wide[0],)
    if label and not wide and len(floats) > 1 and len(floats) == len(tables) - 1:
        return label, tuple(floats)
    if not label and len(floats) == len(tables) == 1:
        return "", (floats[0],)
    return "", ()


def _of_classes(labels: Sequence[Any], *, are_probabilities: bool) -> tuple[Output, ...]:
    limits: dict[str, Any] = {"minimum": 0, "maximum": 1} if are_probabilities else {}
    meaning = "probability" if are_probabilities else "score"
    return (
        Output(name="label", type=_type_of_labels(labels), meaning="label"),
        *(
            Output(
                name=f"{meaning}_{one}",
                meaning=meaning,
                of=str(one),
                on_request=len(labels) > MANY_CLASSES,
                **limits,
            )
            for one in labels
        ),
    )


def _type_of_labels(labels: Sequence[Any]) -> Any:
    if all(type(one) is bool for one in labels):
        return "boolean"
    return "long" if all(type(one) is int for one in labels) else "string"


def _many_labels(
    label: str, scores: str, tables: Mapping[str, npt.NDArray[Any]], meaning: Meaning
) -> Understood:
    """A graph that says of each of several labels whether it is true of a row."""
    truths, numbers = tables[label], tables[scores]
    fits = truths.shape == numbers.shape and truths.dtype.kind in "iub"
    if not fits or not np.isin(truths, (0, 1)).all() or not ((numbers > 0.5) == truths).all():
        raise ValueError(
            "it predicts several labels at once, each of them with classes of its own or not by "
            "its probability. Serve the model itself, not its ONNX file"
        )
    count = truths.shape[1]
    given = meaning.labels or meaning.classes
    if given and len(given) != count:
        raise BadOption(option="labels", value=",".join(given), reason=f"it has {count} labels")
    names = tuple(given or map(str, range(count)))
    outputs = [
        Output(name=f"{kind}_{one}", of=one, **fields)
        for one in names
        for kind, fields in (
            ("label", {"meaning": "label", "type": type_of(truths)}),
            ("probability", {"meaning": "probability", "minimum": 0, "maximum": 1}),
        )
    ]
    notes = () if given else ("Its labels are numbered, from 0. Name them with --labels",)
    answers = Answers(label=label, scores=(scores,), classes=names, many=True)
    return Understood(answers, tuple(outputs), notes)


def _columns(tables: Mapping[str, npt.NDArray[Any]], meaning: Meaning) -> Understood:
    """Every output of the graph as columns of numbers or texts."""
    outputs: list[Output] = []
    notes: list[str] = []
    count = sum(table.shape[1] for table in tables.values())
    if meaning.labels is not None and len(meaning.labels) != count:
        raise BadOption(
            option="labels", value=",".join(meaning.labels), reason=f"it gives {count} columns"
        )
    for name, table in tables.items():
        width = table.shape[1]
        base = "prediction" if len(tables) == 1 else name
        names = [base] if width == 1 else [f"{base}_{i}" for i in range(width)]
        if meaning.labels is not None:
            chosen = meaning.labels[len(outputs) : len(outputs) + width]
            names = [f"prediction_{one}" for one in chosen]
        names = [f"output_{one}" if one in (*RESERVED, SCORE) else one for one in names]
        outputs += [Output(name=one, type=type_of(table)) for one in names]
        # skl2onnx calls the predictions of regressors so.
        if width > 1 and table.dtype.kind == "f" and name != "variable":
            notes.append(_NO_SOFTMAX.format(name))
    return Understood(Answers(), tuple(outputs), tuple(notes))


def with_sentiment(understood: Understood, meaning: Meaning, *, takes_text: bool) -> Understood:
    """Add `Sentiment_Score`, if the classes are grades or the user says what they are worth.

    Its label and probabilities are then given on request.

    Raises:
        shared.errors.input.BadOption: what the user says does not fit.
        ValueError: the class values do not fit the classes.
    """
    answers, given = understood.answers, ("class_values", "positive")
    is_asked = any(getattr(meaning, one) is not None for one in given)
    if not takes_text and not is_asked:
        return understood
    if not answers.classes or answers.many or understood.outputs[-1].meaning != "probability":
        meaning.refuse(given, "its graph gives no probabilities of classes")
        return understood
    labels = list(answers.classes)
    if meaning.class_values is not None:
        values = given_values({"class_values": meaning.class_values}, len(labels))
    elif meaning.positive is not None:
        values = np.array(one_class(labels, meaning.positive))
    else:
        try:
            values = values_of_labels(labels)
        except ValueError:
            return understood
    if values is None:
        return understood
    score = Output(name=SCORE, meaning="score", minimum=0, maximum=1)
    others = [one.model_copy(update={"on_request": True}) for one in understood.outputs]
    return replace(
        understood,
        answers=replace(answers, class_values=tuple(values.tolist())),
        outputs=(score, *others),
    )
