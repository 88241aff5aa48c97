"""Walks through the objects that a fitted estimator is made of."""

from collections.abc import Iterator
from typing import Any

from sklearn.base import BaseEstimator

#: Attributes with up to millions of words, and no estimators.
_WORDS = ("vocabulary_", "stop_words_", "vocabulary", "stop_words")


def children(part: Any) -> Iterator[tuple[Any, Any]]:
    """The values directly inside a part, as pairs of key and value.

    The key is the name of an attribute, an index of a list or a tuple, or a key of a dictionary.
    Other objects have no children.
    """
    if isinstance(part, dict):
        yield from part.items()
    elif isinstance(part, list | tuple):
        yield from enumerate(part)
    elif is_part(part):
        for name, value in vars(part).items():
            if name not in _WORDS:
                yield name, value


def is_part(value: Any) -> bool:
    """Whether a value is an estimator or another object of scikit-learn, with attributes.

    Estimators of CatBoost have scikit-learn's methods, and none of its classes.
    """
    if isinstance(value, type) or not hasattr(value, "__dict__"):
        return False
    library = type(value).__module__.partition(".")[0]
    return isinstance(value, BaseEstimator) or library in ("sklearn", "catboost")


def all_parts(estimator: Any) -> Iterator[Any]:
    """The estimator and all estimators and other objects of scikit-learn inside it, each once."""
    seen: set[int] = set()
    waiting = [estimator]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if is_part(part):
            yield part
        waiting += [value for _, value in children(part)]
