"""`scorelane results`: download the scores of a job."""

import sys
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import click

from scorelane.client.calls.results import FORMATS
from scorelane.client.client import Client
from scorelane.commands import options
from scorelane.commands.job_output import exit_unless_succeeded


@click.command()
@options.job_id
@options.out
@options.result_format
@click.option("--partial", is_flag=True, help="Download the rows done so far, in any state.")
@click.option("--follow", is_flag=True, help="Write rows as they are done, until the job ends.")
@options.url
def results(
    job_id: str,
    out: Path | None,
    format: Any,  # noqa: A002  the option's name
    partial: bool,
    follow: bool,
    url: str,
) -> None:
    r"""Download the scores of job ID to scored-ID.csv in the current folder, or to --out.

    Without --partial and --follow the job must have succeeded. --partial writes the rows that are
    done to scored-ID.partial.csv. --follow writes rows as they are done, and exits with 1 if the
    job fails or is cancelled; the rows that were done are then in the file.

    \b
    scorelane results ID -o scores.parquet
    scorelane results ID --format ndjson -o - | head
    scorelane results ID --follow -o - | while read row; do ...; done
    """
    if format is None:
        format = FORMATS.get(out.suffix.lower(), "csv") if out else "csv"  # noqa: A001  see above
    if format == "parquet" and (partial or follow):
        raise click.UsageError(
            "--partial and --follow write csv or ndjson, not Parquet: see --format."
        )
    infix = ".partial" if partial and not follow else ""
    out = out or Path(f"scored-{job_id}{infix}.{format}")
    with options.client(url) as client:
        if follow:
            _follow(client, job_id, out, format)
        elif out == options.STDOUT:
            sys.stdout.buffer.writelines(client.chunks(job_id, format, partial=partial))
            sys.stdout.buffer.flush()
        else:
            client.save(job_id, out, format, partial=partial)
            click.echo(out)


def _follow(client: Client, job_id: str, out: Path, format: Any) -> None:  # noqa: A002  see above
    chunks = client.chunks(job_id, format, follow=True)
    # Before opening the file: if there is no such job, an older file must stay as it is.
    first = next(chunks, b"")
    with ExitStack() as closing:
        file: Any = sys.stdout.buffer
        if out != options.STDOUT:
            file = closing.enter_context(out.open("wb"))
        for chunk in chain([first], chunks):
            file.write(chunk)
            # A user who follows a job wants to see each row at once.
            file.flush()
    exit_unless_succeeded(client.job(job_id))
    if out != options.STDOUT:
        click.echo(out)
