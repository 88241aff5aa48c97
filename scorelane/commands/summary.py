"""`scorelane summary`: the distribution of a job's scores."""

import json

import click

from scorelane.commands.common import options
from scorelane.commands.common.harmless import one_line
from scorelane.commands.common.tables import histogram_lines, stdout_console


@click.command()
@options.job_id
@options.url
@options.as_json
def summary(job_id: str, url: str, as_json: bool) -> None:
    """Show counts, mean and histogram of the scores of job ID; it may still be running."""
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
    for line in histogram_lines(
        [one["rows"] for one in scores["histogram"]], stdout_console().width
    ):
        click.echo(line)
    click.echo()
    for one in found["errors"]:
        click.echo(f"rows with an error, {one_line(one['kind'])}: {one['rows']:,}")
