"""Tables on stdout, and histograms."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

#: Columns of the longest bar in a histogram.
BAR_WIDTH = 40


def table_of(*columns: str, right: tuple[str, ...]) -> Table:
    """A table without lines; numbers are in the columns to the right."""
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2))
    for column in right:
        table.add_column(column, justify="right")
    return table


def printed(table: Table) -> None:
    """Print a table."""
    # Into a pipe or a file a table is as wide as it needs to be: nothing is cut.
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=1000)
    console.print(table)


def bars_of(bins: Sequence[int]) -> Iterator[str]:
    """A line with a bar for each bin of the scores, which are between 0 and 1."""
    most = max(bins)
    for at, count in enumerate(bins):
        bar = "█" * (round(count / most * BAR_WIDTH) if most else 0)
        bar = bar or ("▏" if count else "")
        begin, end = at / len(bins), (at + 1) / len(bins)
        yield f"  {begin:.1f} - {end:.1f}  {bar:{BAR_WIDTH}} {count:>9,}"
