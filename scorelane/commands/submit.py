"""`scorelane submit`: send a file to a service as a job."""

from pathlib import Path
from typing import Any

import click

from scorelane.commands.common import bars, options
from scorelane.commands.common.job_output import print_new_job


@click.command()
@options.input_file
@options.job_options
@options.stored_format
@options.callback
@options.wait
@options.url
@options.as_json
def submit(file: Path, wait: bool, url: str, as_json: bool, **job_options: Any) -> None:
    r"""Send FILE to a service as a job, and print the job's id.

    With --wait the command waits for the job's end, and exits with 1 if the job fails or is
    cancelled.

    \b
    id=$(scorelane submit reviews.csv --wait) && scorelane results $id
    scorelane submit export.csv.gz --delimiter ';' --charset latin-1 --text-column tweet
    scorelane submit reviews.csv --columns all --label team:growth --on-error 0.05
    """
    with options.client(url) as client:
        with bars.upload_bar(file) as on_sent:
            job = client.submit(options.source_of(file), on_sent=on_sent, **job_options)
        print_new_job(job, wait=wait, as_json=as_json)
