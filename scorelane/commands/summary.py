"""`scorelane summary`: the distribution of a job's outputs."""

import json

import click

from scorelane.commands.common import options
from scorelane.commands.common.comparison_lines import comparison_lines
from scorelane.commands.common.drift_lines import drift_table, drift_words
from scorelane.commands.common.harmless import one_line
from scorelane.commands.common.output_summary import summary_lines
from scorelane.commands.common.reach_lines import reach_lines
from scorelane.commands.common.tables import print_table, stdout_console


@click.command()
@options.job_id
@options.url
@options.as_json
def summary(job_id: str, url: str, as_json: bool) -> None:
    """Show counts, means, quantiles and histograms of job ID; it may still be running.

    If two models score its rows, it also shows how they differ, and which one is right more often.
    """
    with options.client(url) as client:
        found = client.summary(job_id)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows, scores = found["rows"], found["scores"]
    mean = "" if not scores or scores["mean"] is None else f"; mean score {scores['mean']:.3f}"
    click.echo(
        f"{found['state']}: {rows['completed']:,} scored, {rows['failed']:,} with an error{mean}\n"
    )
    for line in summary_lines(found, stdout_console().width):
        click.echo(line)
    for line in comparison_lines(found):
        click.echo(line)
    click.echo()
    for line in reach_lines(found):
        click.echo(line)
    if drift := found.get("drift"):
        for line in drift_words(drift):
            click.echo(line)
        if drift["columns"]:
            print_table(drift_table(drift))
    for one in found["errors"]:
        click.echo(f"rows with an error, {one_line(one['kind'])}: {one['rows']:,}")
