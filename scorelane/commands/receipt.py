"""`scorelane receipt`: what a job was scored by, with digests of its input and results."""

import json
from pathlib import Path

import click

from scorelane.client.atomic_file import atomic_file
from scorelane.commands.common import options


@click.command()
@options.job_id
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the receipt to this file.  [default: stdout]",
)
@options.url
def receipt(job_id: str, out: Path | None, url: str) -> None:
    r"""Print the receipt of job ID, as JSON; the job must have succeeded.

    \b
    scorelane receipt ID -o receipt.json
    scorelane verify results.csv receipt.json

    It names the model, its version and the libraries, and has the SHA-256 of the input and of the
    results. Keep it with the results: `scorelane verify` compares them.
    """
    with options.client(url) as client:
        found = client.receipt(job_id)
    text = json.dumps(found, indent=2, ensure_ascii=False)
    if out is None:
        click.echo(text)
        return
    with atomic_file(out) as file:
        file.write(text.encode() + b"\n")
    click.echo(str(out))
