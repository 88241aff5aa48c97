"""The vocabulary of the generated reviews: the words in `words.txt` and words derived from them."""

import random
from itertools import product
from pathlib import Path


def _read(path: Path) -> dict[str, list[str]]:
    """Read the words of each section; a section starts with a line `[name]  remark`."""
    sections: dict[str, list[str]] = {}
    words: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words = sections.setdefault(line[1 : line.index("]")], [])
        else:
            words += [word.replace("_", " ") for word in line.split()]
    return sections


_SECTIONS = _read(Path(__file__).with_name("words.txt"))

GRAMMAR, THINGS, DEEDS = _SECTIONS["grammar"], _SECTIONS["things"], _SECTIONS["deeds"]
GOOD, BAD, OTHER = _SECTIONS["good"], _SECTIONS["bad"], _SECTIONS["other"]
BEYOND_ASCII, SYLLABLES = _SECTIONS["beyond_ascii"], _SECTIONS["syllables"]
PREFIXES = ("un", "re", "over", "out", "mis", "non-", "half-", "pre")


def vocabulary(size: int) -> list[str]:
    """Build the vocabulary, the most frequent words first; the tail is derived or invented words.

    A real vocabulary is mostly tail: tens of thousands of rare words. Without them every look-up
    would hit the processor's cache.

    Args:
        size: the number of words.
    """
    # A fixed seed, so that the vocabulary does not depend on the seed of the texts.
    draw = random.Random(7)  # noqa: S311  no secret
    stems = [*THINGS, *DEEDS, *GOOD, *BAD, *OTHER]
    inflected = [_joined(thing, end) for thing, end in product(THINGS, ("s", "'s"))]
    inflected += [_joined(deed, end) for deed, end in product(DEEDS, ("s", "ed", "ing", "er"))]
    qualities = product([*GOOD, *BAD], ("ly", "ness", "er", "est"))
    inflected += [_joined(quality, end) for quality, end in qualities]
    rare = [before + stem for before, stem in product(PREFIXES, stems)]
    rare += [str(number) for number in range(2, 1000)]
    for group in (stems, inflected, rare):
        draw.shuffle(group)
    words = dict.fromkeys(GRAMMAR + stems + inflected + rare)
    while len(words) < size:
        words["".join(draw.choices(SYLLABLES, k=draw.randint(2, 5)))] = None
    return list(words)[:size]


def _joined(stem: str, ending: str) -> str:
    """Join a stem and an ending by the common rules of English spelling."""
    if stem.endswith("e") and ending[0] == "e":
        return stem + ending[1:]
    if stem.endswith("e") and ending == "ing":
        return stem[:-1] + ending
    if stem.endswith("y") and ending[0] not in "'si" and stem[-2] not in "aeiou":
        return f"{stem[:-1]}i{ending}"
    return stem + ending
