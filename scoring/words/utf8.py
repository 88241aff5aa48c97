"""What bytes of UTF-8 are, without a Python string for each character."""

import re
from functools import cache

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def blank_symbols(content: Bytes, stays: npt.NDArray[np.bool_]) -> Bytes:
    r"""Put spaces where characters beyond ASCII are that do not stay.

    Args:
        content: UTF-8; halves of surrogate pairs may be in it.
        stays: whether a character stays, for each code point.

    Returns:
        As many bytes.
    """
    leads = np.flatnonzero(content >= 0xC0)
    lead = content.take(leads)
    sizes = _sizes(lead)
    # RFC 3629, section 3: the lead byte carries 5, 4 or 3 bits, and each byte behind it 6.
    points = lead.astype(np.int64) & (0x7F >> sizes)
    for behind in (1, 2, 3):
        at = np.flatnonzero(sizes > behind)
        points[at] = points[at] << 6 | content.take(leads[at] + behind) & 0x3F
    symbols = ~stays.take(points)
    blanked = content.copy()
    for behind in range(4):
        blanked[leads[symbols & (sizes > behind)] + behind] = ord(" ")
    return blanked


def character_counts(
    content: Bytes, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """How many characters there are in each of n runs of bytes.

    Args:
        content: UTF-8, with nothing beyond ASCII outside the runs.
        starts: where each run begins, in rising order.
        lengths: the bytes of each run.
    """
    leads = np.flatnonzero(content >= 0xC0)
    counts = lengths.copy()
    runs = np.searchsorted(starts, leads, side="right") - 1
    np.subtract.at(counts, runs, _sizes(content.take(leads)) - 1)
    return counts


def _sizes(lead: Bytes) -> npt.NDArray[np.int64]:
    """The bytes of the characters that these lead bytes begin."""
    return 2 + (lead >= 0xE0).astype(np.int64) + (lead >= 0xF0)


@cache
def signs_of(characters: str) -> str | None:
    r"""The characters that are in a set of a regular expression, such as `[!?]`, and not in `\w`.

    Returns:
        None if one of them is a space or a control character: such a set is not one of signs.
    """
    try:
        found = re.findall(characters, "".join(map(chr, range(0x110000))))
    except re.error:
        return None
    if any(sign.isspace() or sign < " " or sign == "\x7f" for sign in found):
        return None
    return "".join(sign for sign in found if not (sign.isalnum() or sign == "_"))


@cache
def points_that_stay(kept: str = "") -> npt.NDArray[np.bool_]:
    r"""For each code point: whether a regular expression's `\w` matches it, or it is in `kept`."""
    points = _word_points()
    if kept:
        points = points.copy()
        points[[ord(character) for character in kept]] = True
    return points


@cache
def _word_points() -> npt.NDArray[np.bool_]:
    # CPython's `re` takes for \w what is alphanumeric, and the underscore.
    return np.fromiter((chr(point).isalnum() for point in range(0x110000)), dtype=np.bool_)
