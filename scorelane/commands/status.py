"""`scorelane status`: the state of a job, once or until its end."""

import click

from scorelane.commands.common import options
from scorelane.commands.common.job_output import exit_unless_succeeded, json_of, print_job


@click.command()
@options.job_id
@click.option("--watch", is_flag=True, help="Show the progress until the job ends.")
@options.url
@options.as_json
def status(job_id: str, watch: bool, url: str, as_json: bool) -> None:
    """Show the state of job ID.

    With --watch the command waits for the job's end, and exits with 1 if the job fails or is
    cancelled.
    """
    with options.client(url) as client:
        job = client.wait(job_id, show=True) if watch else client.job(job_id)
    if as_json:
        click.echo(json_of(job))
    else:
        print_job(job)
    if watch:
        exit_unless_succeeded(job)
