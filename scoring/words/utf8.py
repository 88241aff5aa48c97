"""Classifies the characters in UTF-8 bytes by array operations, and Unicode's word characters."""

import re
from functools import cache

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def blank_symbols(content: Bytes, stays: npt.NDArray[np.bool_]) -> Bytes:
    """Replace characters beyond ASCII that are in no token by spaces, byte for byte.

    Args:
        content: UTF-8, possibly with encoded surrogates.
        stays: for each code point, whether it may be in a token.

    Returns:
        An array of the same length.
    """
    leads = np.flatnonzero(content >= 0xC0)
    lead = content.take(leads)
    sizes = _sizes(lead)
    # RFC 3629, section 3: the lead byte holds 5, 4 or 3 bits, and each continuation byte 6.
    points = lead.astype(np.int64) & (0x7F >> sizes)
    for following in (1, 2, 3):
        at = np.flatnonzero(sizes > following)
        points[at] = points[at] << 6 | content.take(leads[at] + following) & 0x3F
    symbols = ~stays.take(points)
    blanked = content.copy()
    for following in range(4):
        blanked[leads[symbols & (sizes > following)] + following] = ord(" ")
    return blanked


def character_counts(
    content: Bytes, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The number of characters in each of n runs of bytes.

    Args:
        content: UTF-8; all characters beyond ASCII are inside the runs.
        starts: the start of each run, in rising order.
        lengths: the number of bytes of each run.
    """
    leads = np.flatnonzero(content >= 0xC0)
    counts = lengths.copy()
    runs = np.searchsorted(starts, leads, side="right") - 1
    np.subtract.at(counts, runs, _sizes(content.take(leads)) - 1)
    return counts


def _sizes(lead: Bytes) -> npt.NDArray[np.int64]:
    """The lengths in bytes of the characters with these lead bytes."""
    return 2 + (lead >= 0xE0).astype(np.int64) + (lead >= 0xF0)


@cache
def signs_of(characters: str) -> str | None:
    r"""The characters that a regular expression's set such as `[!?]` matches, except those of `\w`.

    Args:
        characters: the set, as it is written in the regular expression.

    Returns:
        The characters, or None if one of them is a space or a control character, or if the set is
        no valid regular expression.
    """
    try:
        found = re.findall(characters, "".join(map(chr, range(0x110000))))
    except re.error:
        return None
    if any(map(is_separator, found)):
        return None
    return "".join(sign for sign in found if not (sign.isalnum() or sign == "_"))


def is_separator(character: str) -> bool:
    """Whether a character can be in no token here: a space or a control character."""
    return character.isspace() or character < " " or character == "\x7f"


@cache
def word_points() -> npt.NDArray[np.bool_]:
    r"""For each code point, whether `\w` matches it."""
    # In CPython, \w matches the characters that `str.isalnum` accepts, and the underscore.
    points = np.fromiter((chr(point).isalnum() for point in range(0x110000)), dtype=np.bool_)
    points[ord("_")] = True
    return points
