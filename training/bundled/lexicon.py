"""Words of judgement, and what is judged, for composed sentences (`training.bundled.composed`)."""

import tomllib
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("composing.toml")

#: The file as it is: the lists that `training.bundled.composed` fills its sentences from.
LISTS: dict[str, Any] = tomllib.loads(_FILE.read_text(encoding="utf-8"))

ByStrength = dict[float, list[str]]


def by_strength(name: str) -> ByStrength:
    """A table of the file whose keys are numbers: how strong a judgement is."""
    return {float(strength): words for strength, words in LISTS[name].items()}
