"""`scorelane errors`: the rows of a job that have no score."""

import csv
import json
import sys

import click

from scorelane.commands import options


@click.command()
@options.job_id
@click.option("--partial", is_flag=True, help="Print the errors found so far, in any state.")
@click.option("--follow", is_flag=True, help="Print errors as they are found, until the job ends.")
@options.url
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def errors(job_id: str, partial: bool, follow: bool, url: str, as_json: bool) -> None:
    r"""Print the rows of job ID that have no score, as CSV with the columns row, ref and error.

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
