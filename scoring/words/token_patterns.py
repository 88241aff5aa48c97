r"""Reads the token patterns of vectorisers: regular expressions for runs of characters.

`\w{2,}`, `(?u)\b\w+\b`, `[a-zA-Z]{3,}` and `\w+|[!?]` are such patterns.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from scoring.words.utf8 import is_separator, signs_of, word_points

#: A character class, once or several times, the last of which may repeat. Then optionally a set of
#: signs.
_PATTERN = re.compile(
    r"(?:\(\?u\))?(?P<begin>\\b)?"
    r"(?P<one>\\w|\[(?:[^][\\]|\\.)+\])(?P<more>(?P=one)*)(?:\+|\{(?P<least>\d+),\})(?P<end>\\b)?"
    r"(?:\|(?P<signs>\[(?:[^][\\^]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})+\]))?"
)


@dataclass(frozen=True, eq=False)
class TokenPattern:
    r"""Which parts of a text are its tokens.

    Attributes:
        runs: for each code point, whether it is in a run.
        shortest: the minimum number of characters of a run that is a token.
        signs: characters that are each a token by itself.
        one: the regular expression for one character of a token.
        whole: tokens stand between word borders, so a run of `\w` with another character in it is
            no token.
    """

    runs: npt.NDArray[np.bool_]
    shortest: int
    signs: str
    one: str
    whole: bool

    def matcher(self) -> Callable[[str], object]:
        """A function that tells by its truth whether a word is a token."""
        signs = f"|[{re.escape(self.signs)}]" if self.signs else ""
        return re.compile(f"(?:{self.one}){{{self.shortest},}}{signs}").fullmatch


def parse_token_pattern(pattern: str) -> TokenPattern | None:
    """Parse the `token_pattern` of a vectoriser; None if it is not supported."""
    found = _PATTERN.fullmatch(pattern)
    if found is None:
        return None
    one = found["one"]
    shortest = len(found["more"]) // len(one) + int(found["least"] or 1)
    letters = _class_points(one)
    signs = signs_of(found["signs"]) if found["signs"] else ""
    if letters is None or shortest < 1 or signs is None:
        return None
    every = word_points()
    borders = bool(found["begin"]), bool(found["end"])
    # A run of word characters has word borders in any case. Runs of other characters have not, and
    # signs would cut them.
    whole = any(borders) and not np.array_equal(letters, every)
    if whole and (not all(borders) or (letters & ~every).any()):
        return None
    if signs and (shortest > 1 or not np.array_equal(letters, every)):
        return None
    return TokenPattern(every if whole else letters, shortest, signs, one, whole)


@cache
def _class_points(one: str) -> npt.NDArray[np.bool_] | None:
    """For each code point, whether a character class matches it.

    None if it matches a space or a control character, or is no valid regular expression.
    """
    if one == r"\w":
        return word_points()
    try:
        found = re.findall(one, "".join(map(chr, range(0x110000))))
    except re.error:
        return None
    if any(map(is_separator, found)):
        return None
    points = np.zeros(0x110000, dtype=np.bool_)
    points[[ord(character) for character in found]] = True
    return points
