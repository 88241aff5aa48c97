"""Tables on stdout."""

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scorelane.commands.common.harmless import one_line

#: The width of a table that goes to a pipe or a file: so large that no cell is cut.
UNLIMITED_WIDTH = 1000


def table_of(*columns: str, right: tuple[str, ...] = (), last: str | None = None) -> Table:
    """An empty table without lines. A narrow terminal cuts none of its cells but those of `last`.

    Args:
        columns: the names of the left-aligned columns, which come first; their cells stay whole, so
            that an id or a ref can be copied.
        right: the names of the right-aligned columns, for numbers.
        last: the name of a column of sentences, which a narrow terminal breaks into lines.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True)
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    if last is not None:
        table.add_column(last, overflow="fold")
    return table


def add_row(table: Table, *cells: str) -> None:
    """Add a row of plain texts, each on one line and harmless.

    rich would read brackets in a string as markup, and print control characters.
    """
    table.add_row(*(Text(one_line(cell)) for cell in cells))


def stdout_console() -> Console:
    """A console on stdout; in a pipe or a file its lines are not cut or wrapped."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=UNLIMITED_WIDTH)
    return console


def print_table(*tables: Table, console: Console | None = None) -> None:
    """Print the first table that fits; if none does, the last one, whose lines then overflow.

    Args:
        tables: the same rows, each table with less in them than the one before.
        console: where to print; None: stdout.
    """
    console = console or stdout_console()
    ruler = Console(width=UNLIMITED_WIDTH)
    widths = [_least_width(table, ruler) for table in tables]
    table, width = next(
        (pair for pair in zip(tables, widths, strict=True) if pair[1] <= console.width),
        (tables[-1], widths[-1]),
    )
    if width > console.width:
        # The terminal breaks the lines, and copies an id from them as a whole.
        wide = Console(highlight=False, file=console.file, width=width)
        wide.print(table, crop=False)
    else:
        console.print(table)


def _least_width(table: Table, ruler: Console) -> int:
    """The width at which no cell is cut, in characters; the last column may be broken there."""
    for column in table.columns:
        if column.no_wrap:
            cells = [column.header, *column.cells]
            column.min_width = max(cell_len(str(cell)) for cell in cells)
    return ruler.measure(table).minimum
