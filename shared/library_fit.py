"""Whether a model may run with the libraries of this environment, by the versions on its card."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from shared.card import Card

#: `proven`: any version, if the model can be loaded and gives for its examples what it gave where
#: it was added. `same`: the major and minor numbers of the card.
Rule = Literal["proven", "same"]

#: What a card names and no score depends on. Python itself is not compared: a file that holds code
#: of another version of Python is refused when it is loaded.
_TOOLS = frozenset(["python", "joblib", "cloudpickle", "skops", "onnx"])

#: What a network needs no more once it is compiled.
_NETWORKS = frozenset(["keras", "tensorflow"])
_COMPILED = "model.onnx"

#: How the names of distributions of one library end, such as `xgboost` and `xgboost-cpu`.
_VARIANTS = ("", "-cpu", "-skinny")


def needed(card: Card) -> dict[str, str]:
    """The libraries with which the model of a card runs, with the versions that the card names."""
    found = {_library(name): there for name, there in card.libraries.items()}
    spared = _TOOLS | _NETWORKS if _COMPILED in card.files else _TOOLS
    return {name: there for name, there in sorted(found.items()) if name not in spared}


def installed(libraries: Mapping[str, str], card: Card) -> dict[str, str]:
    """The libraries with which the model of a card runs, with their versions at a worker.

    Args:
        libraries: the versions of distributions there.
        card: the card; what it does not name is left out.
    """
    there = {_library(name): number for name, number in libraries.items()}
    return {name: there[name] for name in needed(card) if name in there}


def versions_text(libraries: Mapping[str, str]) -> str:
    """Libraries and their versions, as in `numpy 2.4.6, scikit-learn 1.7.2`."""
    return ", ".join(f"{name} {there}" for name, there in sorted(libraries.items()))


def declines(rule: Rule) -> Callable[[Card], str]:
    """What tells for a card why its model is not served in this environment.

    Args:
        rule: which versions are accepted.

    Returns:
        A function of a card. It gives the reason as a part of a sentence; empty: it is served.
    """
    return _difference if rule == "same" else _nothing


def _nothing(_: Card) -> str:
    return ""


def _difference(card: Card) -> str:
    others = {name: there for name, there in needed(card).items() if not _fits(name, there)}
    if not others:
        return ""
    here = [f"{name} {_here(name) or 'is not installed'}" for name in others]
    return f"its card names {versions_text(others)}; here, {', '.join(here)}"


def _fits(name: str, there: str) -> bool:
    return _minor(_here(name)) == _minor(there)


def _minor(number: str) -> str:
    """The major and minor number of a version; the whole text if it has none."""
    found = re.match(r"\d+\.\d+", number)
    return found[0] if found else number


# What a process has imported stays, whatever is installed later.
@cache
def _here(name: str) -> str:
    """The version of a library in this environment; empty: it is not installed."""
    for variant in _VARIANTS:
        try:
            return version(name + variant)
        except PackageNotFoundError:
            continue
    return ""


def _library(distribution: str) -> str:
    for variant in filter(None, _VARIANTS):
        distribution = distribution.removesuffix(variant)
    return distribution
