"""Histograms as bars of text."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rich.cells import cell_len, set_cell_size

from scorelane.commands.common.tables import UNLIMITED_WIDTH

#: The width of the longest bar, in characters.
BAR_WIDTH = 40

#: The widest name of a bar, in characters; more is cut off.
NAME_WIDTH = 30


def histogram_lines(bins: Sequence[int], width: int = UNLIMITED_WIDTH) -> Iterator[str]:
    """The lines of a histogram of scores, one bar per bin.

    Args:
        bins: the number of scores in each of n equal intervals from 0 to 1.
        width: the longest line, in characters.
    """
    edges = [f"{at / len(bins):.1f}" for at in range(len(bins) + 1)]
    names = [f"{begin} - {end}" for begin, end in pairwise(edges)]
    return bar_lines(names, bins, width)


def bar_lines(
    names: Sequence[str], counts: Sequence[int], width: int = UNLIMITED_WIDTH
) -> Iterator[str]:
    """Lines of a name, a bar and a count.

    Args:
        names: what is counted, on one line and harmless.
        counts: the number of rows of each.
        width: the longest line, in characters.
    """
    largest = max(counts, default=0)
    digits = max(9, len(f"{largest:,}"))
    wide = min(max(map(cell_len, names), default=0), NAME_WIDTH)
    # Before a bar stand two spaces, the name and two spaces; after it one space and the count.
    room = max(1, min(BAR_WIDTH, width - (wide + 5) - digits))
    for name, count in zip(names, counts, strict=True):
        bar = "█" * (round(count / largest * room) if largest else 0)
        # A bin that is not empty shows at least a thin line.
        bar = bar or ("▏" if count else "")
        yield f"  {set_cell_size(name, wide)}  {bar:{room}} {count:>{digits},}"
