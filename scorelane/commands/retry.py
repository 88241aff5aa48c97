"""`scorelane retry`: run a failed or cancelled job again."""

from typing import Any

import click

from scorelane.commands.common import options
from scorelane.commands.common.job_output import print_new_job


@click.command()
@options.job_id
@options.retry_options
@options.wait
@options.url
@options.as_json
def retry(job_id: str, wait: bool, url: str, as_json: bool, **retry_options: Any) -> None:
    r"""Run job ID, which failed or was cancelled, again as a new job; print the new job's id.

    The new job takes over the rows that are done, and scores only the others. It has the options of
    the old job, except those given here.

    \b
    scorelane retry ID --on-error skip --wait
    scorelane retry ID --model mine@champion
    """
    with options.client(url) as client:
        changes = {name: value for name, value in retry_options.items() if value}
        print_new_job(client.retry(job_id, **changes), wait=wait, as_json=as_json)
