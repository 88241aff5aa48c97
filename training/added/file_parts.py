"""Finds the parts of a model in what its files hold: by what they are, and then by their names.

People save a vectoriser and a model in two files, or a dict, tuple or list of them, often with the
encoder of the labels and a list of column names.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer, LabelEncoder, MultiLabelBinarizer

from scoring.saved.parts import all_parts


@dataclass(frozen=True)
class Part:
    """A part of a model.

    Attributes:
        name: how the file calls it, such as `'scaler'` or `number 2`; for messages.
        value: the part itself.
    """

    name: str
    value: Any

    def __str__(self) -> str:
        """Its type and its name, for messages."""
        return f"{type(self.value).__name__} ({self.name})"


@dataclass
class Parts:
    """What the files of a model hold, sorted by what it is for.

    Attributes:
        transformers: the steps before the model, in the order of the files.
        predictors: the estimators that predict.
        is_ordered: whether the order of the transformers was given, by a list or by the options.
        encoders: the encoders of labels, each with `classes_`.
        columns: lists of names of columns.
        some_columns: lists of some of the names.
        classes: lists of names of classes.
        left_out: what says nothing of the scores, such as an accuracy.
    """

    transformers: list[Part] = field(default_factory=list)
    predictors: list[Part] = field(default_factory=list)
    is_ordered: bool = True
    encoders: list[Part] = field(default_factory=list)
    columns: list[Part] = field(default_factory=list)
    some_columns: list[Part] = field(default_factory=list)
    classes: list[Part] = field(default_factory=list)
    left_out: list[Part] = field(default_factory=list)

    def __str__(self) -> str:
        """What was found, for messages."""
        found = [*self.transformers, *self.predictors, *self.encoders, *self.columns, *self.classes]
        return ", ".join(map(str, found)) or "none of a model"


#: Types that hold parts in an order, and no types derived from them.
CONTAINERS = (dict, list, tuple)

#: The modules whose objects are data.
_MODULES_OF_DATA = {"numpy", "scipy", "pandas", "datetime", "pathlib", "uuid", "decimal"}

#: Words of a name. A part is taken for what its name says only if all words are of one kind.
_WORD = re.compile(r"[a-z]+")
_CLASS_WORDS = {"class", "classes", "label", "labels", "target", "targets", "output", "outputs"}
_COLUMN_WORDS = {"col", "cols", "column", "columns", "feature", "features", "input", "inputs", "x"}
#: Words that change nothing of what a name says.
_OTHER_WORDS = {"name", "names", "order", "train", "training", "model", "in"}
#: Words of a list of some of the columns, such as `num_cols`.
_SOME_WORDS = {"num", "numeric", "numerical", "cat", "categorical", "text"}
_ENCODER_WORDS = {"encoder", "enc", "le", "lb", "mlb", "binarizer", "y"} | _CLASS_WORDS
#: What a name says of a step that is not for the inputs.
_TARGET_WORDS = {"y", "target", "targets", "label", "labels", "output", "outputs"}
#: A number by this name decides the label, so it may not be left out.
_THRESHOLD_WORDS = {"threshold", "thresholds", "thresh", "cutoff"}


def add_parts(parts: Parts, held: Any, source: str = "") -> None:
    """Sort what a file holds into `parts`.

    Args:
        parts: those of the files before; changed.
        held: an estimator, or a dict, list or tuple of parts.
        source: the name of the file, if there are several.

    Raises:
        ValueError: it is not known what a part is for; the message names it, and what to do.
    """
    of = f" of {source}" if source else ""
    if not isinstance(held, CONTAINERS):
        _add(parts, Part(source or "the file", held), "")
        return
    before = len(parts.transformers)
    if isinstance(held, dict):
        for key, value in held.items():
            _add(parts, Part(f"{str(key)!r}{of}", value), str(key))
        if len(parts.transformers) - before > 1:
            parts.is_ordered = False
        return
    for number, value in enumerate(held, 1):
        _add(parts, Part(f"number {number}{of}", value), None)


def _add(parts: Parts, part: Part, key: str | None) -> None:
    """Sort one part; `key` is its key in a dict, None in a list, and empty outside of both."""
    value, words = part.value, _words(key or "")
    if isinstance(value, LabelEncoder | LabelBinarizer | MultiLabelBinarizer):
        if key and not words <= _ENCODER_WORDS | _OTHER_WORDS:
            raise ValueError(
                f"it holds a {part}, and does not say what that is for. If it encodes the labels, "
                "save it under the key 'label_encoder'. If it encodes an input, fit a pipeline "
                "that begins with a ColumnTransformer with an OrdinalEncoder, and save that"
            )
        parts.encoders.append(part)
    elif not isinstance(value, type) and hasattr(value, "predict"):
        parts.predictors.append(part)
    elif not isinstance(value, type) and hasattr(value, "transform") and hasattr(value, "fit"):
        # A TargetEncoder encodes inputs.
        if words & _TARGET_WORDS and "Target" not in type(value).__name__:
            raise ValueError(
                f"it holds a {part}, which by its name is for the target. Fit the model in a "
                "sklearn.compose.TransformedTargetRegressor, and save that"
            )
        parts.transformers.append(part)
    elif _is_names(value):
        _add_names(parts, part, key, words)
    elif words & _THRESHOLD_WORDS:
        raise ValueError(
            f"it holds a {part}, which decides the labels. Save the model in a "
            "sklearn.model_selection.FixedThresholdClassifier with this threshold"
        )
    elif _says_nothing(value):
        parts.left_out.append(part)
    else:
        raise ValueError(
            f"it holds a {part}, and it is not known what that does to a row. Save one fitted "
            "pipeline, in which a function is a FunctionTransformer; or leave this part out"
        )


def _add_names(parts: Parts, part: Part, key: str | None, words: set[str]) -> None:
    words = words - _OTHER_WORDS
    is_of_texts = isinstance(names_of(part)[0], str)
    if words and words <= _COLUMN_WORDS and is_of_texts:
        parts.columns.append(part)
    elif words & _SOME_WORDS and words - _SOME_WORDS <= _COLUMN_WORDS and is_of_texts:
        parts.some_columns.append(part)
    elif words and words <= _CLASS_WORDS:
        parts.classes.append(part)
    elif not is_of_texts:
        parts.left_out.append(part)
    else:
        where = "save it in a dict" if key is None else "save it"
        raise ValueError(
            f"it holds a {part} of texts, and it is not known what they are. If they are the "
            f"columns that the model takes, {where} under the key 'columns'; if they are the names "
            "of its classes, under 'classes'; otherwise leave them out"
        )


def names_of(part: Part) -> list[Any]:
    """The names in a list of columns or classes."""
    value = part.value
    return list(value.tolist() if hasattr(value, "tolist") else value)


def _words(key: str) -> set[str]:
    """The words of a name such as `feature_names` or `labelEncoder`, in lower case."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key)
    return set(_WORD.findall(parted.lower()))


def _is_names(value: Any) -> bool:
    """Whether a value is a list of texts, numbers or booleans: names of columns or classes."""
    if isinstance(value, list | tuple):
        held = list(value)
    elif np.ndim(value) == 1 and hasattr(value, "tolist"):
        held = value.tolist()
    else:
        return False
    numbers = int | float | np.number | np.bool_
    return bool(held) and (
        all(isinstance(one, str) for one in held) or all(isinstance(one, numbers) for one in held)
    )


def _says_nothing(value: Any) -> bool:
    """Whether a value is a text, number, date or table, or holds such alone."""
    if isinstance(value, type) or callable(value):
        return False
    if isinstance(value, dict | list | tuple | set | frozenset):
        inside = value.values() if isinstance(value, dict) else value
        return next(all_parts(value), None) is None and all(map(_says_nothing, inside))
    plain = value is None or isinstance(value, str | bytes | bool | int | float | complex)
    module = type(value).__module__.partition(".")[0]
    return plain or module in _MODULES_OF_DATA
