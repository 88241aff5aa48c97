"""`scorelane errors`: the rows of a job that have an error."""

import csv
import json
import os
import stat
import sys
from io import TextIOWrapper
from typing import TextIO

import click

from scorelane.commands.common import options
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.harmless import harmless

#: The columns of the CSV.
COLUMNS = ["row", "ref", "error"]


@click.command()
@options.job_id
@click.option("--partial", is_flag=True, help="Print the errors found so far, in any state.")
@click.option("--follow", is_flag=True, help="Print errors as they are found, until the job ends.")
@options.url
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def errors(job_id: str, partial: bool, follow: bool, url: str, as_json: bool) -> None:
    r"""Print the rows of job ID that have an error, as CSV with the columns row, ref and error.

    \b
    scorelane errors ID > errors.csv
    scorelane errors ID --json | head

    A file gets the texts exactly. On a terminal or in a pipe, control characters are shown as \x1b
    or the like, because they could control the terminal; --json is exact everywhere.
    """
    with options.client(url) as client:
        rows = client.errors(job_id, partial=partial, follow=follow)
        if as_json:
            for row in rows:
                click.echo(json.dumps(row))
            return
        if sys.stdout is None:
            raise Mistake("stdout is closed.")
        if isinstance(sys.stdout, TextIOWrapper):
            # The CSV is UTF-8 whatever the terminal's encoding is, as the results are.
            sys.stdout.reconfigure(encoding="utf-8")
        shows = not _is_file(sys.stdout)
        lines = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        lines.writeheader()
        is_changed = False
        for row in rows:
            cells = {name: str(row[name]) for name in COLUMNS}
            shown = {name: harmless(cell) if shows else cell for name, cell in cells.items()}
            is_changed = is_changed or shown != cells
            lines.writerow(shown)
            if follow:
                sys.stdout.flush()
        if is_changed:
            click.echo(
                "Control characters are shown as \\x1b or the like; --json has the exact texts.",
                err=True,
            )


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False
