"""Reads `composing.toml`: the words and patterns for `training.bundled.composed`."""

import tomllib
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("composing.toml")

#: The content of the file.
LISTS: dict[str, Any] = tomllib.loads(_FILE.read_text(encoding="utf-8"))

ByStrength = dict[float, list[str]]


def by_strength(name: str) -> ByStrength:
    """A table of the file whose keys are numbers: strength of a judgement -> words."""
    return {float(strength): words for strength, words in LISTS[name].items()}
