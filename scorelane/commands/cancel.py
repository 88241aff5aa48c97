"""`scorelane cancel`: stop a job."""

import click

from scorelane.commands.common import options
from scorelane.commands.common.job_output import json_of


@click.command()
@options.job_id
@options.url
@options.as_json
def cancel(job_id: str, url: str, as_json: bool) -> None:
    """Stop job ID, unless it has already ended."""
    with options.client(url) as client:
        job = client.cancel(job_id)
    click.echo(json_of(job) if as_json else f"Job {job.id} was cancelled.")
