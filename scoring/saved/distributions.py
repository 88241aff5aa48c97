"""The installed distributions that have a module."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions


def distributions_of(module: str) -> tuple[str, ...]:
    """The names of the installed distributions that hold a top-level module; empty if none does."""
    return tuple(_distributions().get(module, ()))


@cache  # it reads the list of files of every distribution, which takes a second
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()
