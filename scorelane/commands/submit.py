"""`scorelane submit`: send a file to a service as a job."""

from pathlib import Path
from typing import Any

import click

from scorelane.commands.common import addresses, bars, options
from scorelane.commands.common.job_output import print_new_job


@click.command()
@addresses.files_or_addresses
@addresses.output
@options.job_options
@options.stored_format
@options.callback
@options.wait
@options.url
@options.as_json
def submit(
    files: tuple[Path | str, ...],
    output: str | None,
    wait: bool,
    url: str,
    as_json: bool,
    **job_options: Any,
) -> None:
    r"""Send FILE to a service as a job, and print the job's id.

    FILE may be an address, such as s3://bucket/key.csv or s3://bucket/folder/, if the service is
    allowed to read there; several addresses are one job. The service reads the rows where they are,
    and with --output it writes the results to a folder there.

    With --wait the command waits for the job's end, and exits with 1 if the job fails or is
    cancelled.

    \b
    id=$(scorelane submit reviews.csv --wait) && scorelane results $id
    scorelane submit export.csv.gz --delimiter ';' --charset latin-1 --text-column tweet
    scorelane submit reviews.csv --columns all --label team:growth --on-error 0.05
    scorelane submit s3://data/in/ --output s3://data/scores/ --wait
    """
    place = addresses.input_of(files, output, job_options["media_type"])
    with options.client(url) as client:
        if place is not None:
            job = client.submit(input=place, output=output, **job_options)
        else:
            file = Path(files[0])
            with bars.upload_bar(file) as on_sent:
                job = client.submit(options.source_of(file), on_sent=on_sent, **job_options)
        print_new_job(job, wait=wait, as_json=as_json)
