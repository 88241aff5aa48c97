"""The commands that fetch what came of a job: results, errors, summary."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import click

from scorelane import options
from scorelane.downloads import FORMATS
from scorelane.printing import bars_of


@click.command()
@click.argument("job_id", metavar="ID")
@options.out
@options.result_format
@options.url
def results(job_id: str, out: Path | None, format: Any, url: str) -> None:  # noqa: A002  the option's name
    r"""Download the scores of job ID to scored-ID.csv in this folder, or to --out.

    \b
    scorelane results ID -o scores.parquet
    scorelane results ID --format ndjson -o - | head
    """
    if format is None:
        format = FORMATS.get(out.suffix.lower(), "csv") if out else "csv"  # noqa: A001  see above
    out = out or Path(f"scored-{job_id}.{format}")
    with options.client(url) as client:
        if out == options.STDOUT:
            sys.stdout.buffer.writelines(client.chunks(job_id, format))
            sys.stdout.buffer.flush()
        else:
            client.save(job_id, out, format)
            click.echo(out)


@click.command()
@click.argument("job_id", metavar="ID")
@click.option("--partial", is_flag=True, help="Also of a job that has not succeeded.")
@options.url
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def errors(job_id: str, partial: bool, url: str, as_json: bool) -> None:
    r"""Print the rows of job ID that have no score, as CSV: row, ref, error.

    With --partial a job that still runs is followed to its end.

    \b
    scorelane errors ID > errors.csv
    scorelane errors ID --json | head
    """
    with options.client(url) as client:
        rows = client.errors(job_id, partial=partial)
        if as_json:
            for row in rows:
                click.echo(json.dumps(row))
            return
        lines = csv.DictWriter(sys.stdout, ["row", "ref", "error"], lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)


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
