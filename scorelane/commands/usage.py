"""`scorelane usage`: how many rows were scored for whom."""

import csv
import json
import sys
from typing import Any

import click
from rich.table import Table

from scorelane.commands.common import options
from scorelane.commands.common.tables import add_row, print_table, table_of

#: The figures of a line, and how the table names them.
_FIGURES = {
    "rows": "rows",
    "errors": "errors",
    "bytes": "bytes",
    "scoring_seconds": "scoring s",
}

#: In place of a name: all names that have no line of their own.
_OTHERS = "(other)"


@click.command()
@click.option(
    "--by",
    default="day",
    show_default=True,
    metavar="KIND,...",
    help="Sum up by day, owner, key, model or label, or by several of them, separated by commas.",
)
@click.option("--from", "first", metavar="DAY", help="The first day (UTC), such as 2026-11-01.")
@click.option("--to", "last", metavar="DAY", help="The last day. Default: today.")
@click.option("--owner", metavar="NAME", help="Only of this owner; for the keys of admins.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a CSV, for spreadsheets.")
@options.url
@options.as_json
def usage(url: str, as_json: bool, as_csv: bool, **wanted: Any) -> None:
    r"""Show how many rows were scored, each counted once, and what that took.

    Without --from these are the last 30 days. A key is named by the first 12 digits of its hash,
    which its line in the list of keys has.

    \b
    scorelane usage --by owner,key --from 2026-11-01 --to 2026-11-30
    scorelane usage --by label --csv
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    with options.client(url) as client:
        found = client.usage(**wanted)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif as_csv:
        _print_csv(found)
    else:
        print_table(_table(found))
        for note in found.get("notes", []):
            click.echo(note, err=True)


def _columns(found: dict[str, Any]) -> list[str]:
    columns = []
    for kind in found["by"]:
        columns += ["label", "value"] if kind == "label" else [kind]
    return columns


def _names(line: dict[str, Any], columns: list[str]) -> list[str]:
    return [_OTHERS if line[name] is None else str(line[name]) for name in columns]


def _table(found: dict[str, Any]) -> Table:
    columns = _columns(found)
    table = table_of(*columns, right=tuple(_FIGURES.values()))
    for line in found["usage"]:
        add_row(table, *_names(line, columns), *_figures(line))
    add_row(table, "total", *[""] * (len(columns) - 1), *_figures(found["total"]))
    return table


def _figures(line: dict[str, Any]) -> list[str]:
    return [
        f"{line[name]:,.1f}" if name == "scoring_seconds" else f"{line[name]:,}"
        for name in _FIGURES
    ]


def _print_csv(found: dict[str, Any]) -> None:
    columns = _columns(found)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*columns, *_FIGURES])
    for line in found["usage"]:
        cells = [_harmless(name) for name in _names(line, columns)]
        writer.writerow([*cells, *(line[name] for name in _FIGURES)])


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet does not run as a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
