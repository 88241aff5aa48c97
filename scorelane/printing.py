"""Tables on stdout."""

from rich.console import Console
from rich.table import Table


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
