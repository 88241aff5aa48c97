"""The commands that fetch what came of a job: results, errors, summary."""

import csv
import json
import sys
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import click

from scorelane.client.calls.results import FORMATS
from scorelane.client.client import Client
from scorelane.commands import options
from scorelane.commands.job_exit import exit_by
from scorelane.commands.tables import bars_of


@click.command()
@click.argument("job_id", metavar="ID")
@options.out
@options.result_format
@click.option("--partial", is_flag=True, help="What there is now, also before the job's end.")
@click.option("--follow", is_flag=True, help="Write rows as they are done, to the job's end.")
@options.url
def results(
    job_id: str,
    out: Path | None,
    format: Any,  # noqa: A002  the option's name
    partial: bool,
    follow: bool,
    url: str,
) -> None:
    r"""Download the scores of job ID to scored-ID.csv in this folder, or to --out.

    With --partial a job need not have succeeded: what is done of it goes to scored-ID.partial.csv.
    With --follow rows are written as they are done; the exit code is 1 if the job fails or is
    cancelled, and the rows that were done are there.

    \b
    scorelane results ID -o scores.parquet
    scorelane results ID --format ndjson -o - | head
    scorelane results ID --follow -o - | while read row; do ...; done
    """
    if format is None:
        format = FORMATS.get(out.suffix.lower(), "csv") if out else "csv"  # noqa: A001  see above
    if format == "parquet" and (partial or follow):
        raise click.UsageError("Rows of a job that runs come as csv or ndjson: see --format.")
    some = ".partial" if partial and not follow else ""
    out = out or Path(f"scored-{job_id}{some}.{format}")
    with options.client(url) as client:
        if follow:
            _follow(client, job_id, out, format)
        elif out == options.STDOUT:
            sys.stdout.buffer.writelines(client.chunks(job_id, format, partial=partial))
            sys.stdout.buffer.flush()
        else:
            client.save(job_id, out, format, partial=partial)
            click.echo(out)


def _follow(client: Client, job_id: str, out: Path, format: Any) -> None:  # noqa: A002  see above
    rows = client.chunks(job_id, format, follow=True)
    # Asked for before a file is made, or an older one replaced: there may be no such job.
    first = next(rows, b"")
    with ExitStack() as closing:
        file: Any = sys.stdout.buffer
        if out != options.STDOUT:
            file = closing.enter_context(out.open("wb"))
        for run in chain([first], rows):
            file.write(run)
            # Whoever follows a job wants to see what there is.
            file.flush()
    exit_by(client.job(job_id))
    if out != options.STDOUT:
        click.echo(out)


@click.command()
@click.argument("job_id", metavar="ID")
@click.option("--partial", is_flag=True, help="Those that there are now, of any job.")
@click.option("--follow", is_flag=True, help="Print them as they come, to the job's end.")
@options.url
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def errors(job_id: str, partial: bool, follow: bool, url: str, as_json: bool) -> None:
    r"""Print the rows of job ID that have no score, as CSV: row, ref, error.

    \b
    scorelane errors ID > errors.csv
    scorelane errors ID --json | head
    """
    with options.client(url) as client:
        rows = client.errors(job_id, partial=partial, follow=follow)
        if as_json:
            for row in rows:
                click.echo(json.dumps(row))
            return
        lines = csv.DictWriter(sys.stdout, ["row", "ref", "error"], lineterminator="\n")
        lines.writeheader()
        for row in rows:
            lines.writerow(row)
            if follow:
                sys.stdout.flush()


@click.command()
@click.argument("job_id", metavar="ID")
@options.url
@options.as_json
def summary(job_id: str, url: str, as_json: bool) -> None:
    """Show what the scores of job ID add up to, also while it runs."""
    with options.client(url) as client:
        found = client.summary(job_id)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows, scores = found["rows"], found["scores"]
    mean = "" if scores["mean"] is None else f"; mean score {scores['mean']:.3f}"
    click.echo(
        f"{found['state']}: {rows['completed']:,} scored, {rows['failed']:,} with an error{mean}\n"
    )
    for line in bars_of([one["rows"] for one in scores["histogram"]]):
        click.echo(line)
    click.echo()
    for one in found["errors"]:
        click.echo(f"rows with an error, {one['kind']}: {one['rows']:,}")
