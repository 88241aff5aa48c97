"""Finds the names of a model's classes next to a model that numbers them."""

from typing import Any

from scoring.estimators.checks import class_labels
from training.added.file_parts import Part, Parts, names_of


def class_names_of(predictor: Any, parts: Parts) -> list[Any] | None:
    """The names of the classes by the encoder or the list that was saved with the model.

    Returns:
        One name for each class, in the order of the model's classes; None if its own labels are
        the names, or if there is neither.

    Raises:
        ValueError: they do not fit the classes, or contradict each other.
    """
    sources = [*parts.encoders, *parts.classes]
    if not sources:
        return None
    labels = class_labels(predictor)
    found = [_named(labels, source) for source in sources]
    if any(names != found[0] for names in found):
        raise ValueError(
            f"{' and '.join(map(str, sources))} name the classes in different ways. Save one of "
            "them"
        )
    return None if found[0] == labels else found[0]


def _named(labels: list[Any], source: Part) -> list[Any]:
    if not labels:
        reason = f"it holds a {source}, and its model has no classes. Save the file without it"
        raise ValueError(reason)
    names = names_of(Part(source.name, getattr(source.value, "classes_", source.value)))
    if not all(isinstance(name, str | int | float | bool) for name in names):
        raise ValueError(f"the classes of the {source} are neither texts nor numbers")
    if names == labels:
        return names
    numbers = range(len(names))
    if len(set(map(str, names))) < len(names) or any(
        isinstance(label, bool | str) or label not in numbers for label in labels
    ):
        raise ValueError(
            f"the classes of the model are {_listed(labels)}, and those of the {source} are "
            f"{_listed(names)}, so they do not name them. Save the file without it"
        )
    # A model may have been fitted to a part of the classes of its encoder.
    if not hasattr(source.value, "classes_") and len(names) != len(labels):
        raise ValueError(f"the {source} names {len(names)} classes, the model has {len(labels)}")
    return [names[int(label)] for label in labels]


def _listed(values: list[Any]) -> str:
    shown = ", ".join(map(str, values[:6]))
    return f"{shown}, ..." if len(values) > 6 else shown
