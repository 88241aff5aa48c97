"""`scorelane delete`: erase a job."""

import click

from scorelane.commands.common import options


@click.command()
@options.job_id
@options.url
def delete(job_id: str, url: str) -> None:
    """Erase job ID with its rows and results."""
    with options.client(url) as client:
        client.delete(job_id)
    click.echo(f"Job {job_id} and its data were erased.")
