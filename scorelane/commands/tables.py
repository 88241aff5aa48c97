"""Tables and histograms on stdout."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

#: The width of the longest bar of a histogram, in characters.
BAR_WIDTH = 40

#: The width of a table that goes to a pipe or a file: so large that no cell is cut.
UNLIMITED_WIDTH = 1000


def table_of(*columns: str, right: tuple[str, ...]) -> Table:
    """An empty table without lines.

    Args:
        columns: the names of the left-aligned columns, which come first.
        right: the names of the right-aligned columns, for numbers.
    """
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2))
    for column in right:
        table.add_column(column, justify="right")
    return table


def stdout_console() -> Console:
    """A console on stdout; in a pipe or a file its lines are not cut or wrapped."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=UNLIMITED_WIDTH)
    return console


def print_table(table: Table) -> None:
    """Print a table to stdout."""
    stdout_console().print(table)


def histogram_lines(bins: Sequence[int]) -> Iterator[str]:
    """The lines of a histogram of scores, one bar per bin.

    Args:
        bins: the number of scores in each of n equal intervals from 0 to 1.
    """
    largest = max(bins)
    for index, count in enumerate(bins):
        bar = "█" * (round(count / largest * BAR_WIDTH) if largest else 0)
        # A bin that is not empty shows at least a thin line.
        bar = bar or ("▏" if count else "")
        begin, end = index / len(bins), (index + 1) / len(bins)
        yield f"  {begin:.1f} - {end:.1f}  {bar:{BAR_WIDTH}} {count:>9,}"
