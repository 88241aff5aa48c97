"""`scorelane results`: download the scores of a job."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import click

from scorelane.client.client import Client
from scorelane.commands.common import options
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.job_output import exit_unless_succeeded
from scorelane.commands.common.result_form import Form, form_of
from scorelane.commands.common.result_target import (
    check_target,
    check_terminal,
    encoded,
    is_stream,
    named_errors,
    opened,
    target_of,
    terminal_writer,
    write_file,
)


@click.command()
@options.job_id
@options.out
@options.result_format
@click.option("--partial", is_flag=True, help="Download the rows done so far, in any state.")
@click.option("--follow", is_flag=True, help="Write rows as they are done, until the job ends.")
@click.option(
    "--direct",
    is_flag=True,
    help="Download from object storage itself, if the service keeps its results there.",
)
@options.url
def results(
    job_id: str,
    out: Path | None,
    format: Any,  # noqa: A002  the option's name
    partial: bool,
    follow: bool,
    direct: bool,
    url: str,
) -> None:
    r"""Download the scores of job ID to scored-ID.csv in the current folder, or to --out.

    The ending of --out says the form: .csv, .tsv, .ndjson (each also with .gz) or .parquet.

    Without --partial and --follow the job must have succeeded. --partial writes the rows that are
    done to scored-ID.partial.csv. --follow writes rows as they are done, and exits with 1 if the
    job fails or is cancelled; the rows that were done are then in the file. --direct spares the
    service the transfer of a large job's results, if they are written in the job's own format; if
    object storage cannot be reached, they come from the service.

    \b
    scorelane results ID -o scores.parquet
    scorelane results ID --format ndjson -o - | head
    scorelane results ID --follow -o - | while read row; do ...; done
    """
    infix = ".partial" if partial and not follow else ""
    out = target_of(out or Path(f"scored-{job_id}{infix}.{format or 'csv'}"))
    form = form_of(out, format, is_stream=is_stream(out))
    if form.format == "parquet" and (partial or follow):
        raise click.UsageError(
            "--partial and --follow write csv or ndjson, not Parquet: see --format."
        )
    if direct and (partial or follow):
        raise click.UsageError("--direct is for all results of a job that has succeeded.")
    check_target(out)
    check_terminal(out, form)
    with options.client(url) as client:
        if follow:
            _follow(client, job_id, out, form)
        elif is_stream(out):
            _write(client.chunks(job_id, form.format, partial=partial, direct=direct), out, form)
        else:
            write_file(client, job_id, out, form, partial=partial, direct=direct)
    if not follow and out != options.STDOUT:
        click.echo(harmless(str(out)))


def _write(chunks: Iterator[bytes], out: Path, form: Form) -> None:
    # Before opening the target: if there is no such job, nothing is written.
    first = next(chunks, b"")
    with opened(out) as file:
        write = file.write if form.is_binary else terminal_writer(file, out)
        for chunk in encoded(chain([first], chunks), form):
            write(chunk)


def _follow(client: Client, job_id: str, out: Path, form: Form) -> None:
    chunks = client.chunks(job_id, form.format, follow=True)
    # Before opening the file: if there is no such job, an older file must stay as it is.
    first = next(chunks, b"")
    with ExitStack() as closing:
        closing.enter_context(named_errors(out))
        # Not with its name only at the end: a user who follows a job reads the file meanwhile.
        file = closing.enter_context(opened(out) if is_stream(out) else out.open("wb"))
        write = file.write if form.is_binary else terminal_writer(file, out)
        for chunk in encoded(chain([first], chunks), form, at_once=True):
            write(chunk)
            file.flush()
    exit_unless_succeeded(client.job(job_id))
    if out != options.STDOUT:
        click.echo(harmless(str(out)))
