"""The commands that speak to a running service: submit, validate, status, cancel, retry, delete."""

import json
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from scorelane.client.client import Job
from scorelane.commands import bars, options
from scorelane.commands.job_exit import exit_by
from scorelane.commands.tables import printed, table_of


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.of_a_job
@options.kept_format
@options.callback
@options.wait
@options.url
@options.as_json
def submit(file: Path, wait: bool, url: str, as_json: bool, **terms: Any) -> None:
    r"""Send FILE to a service, and print the id of its job.

    With --wait the exit code is 1 if the job fails or is cancelled.

    \b
    id=$(scorelane submit reviews.csv --wait) && scorelane results $id
    scorelane submit export.csv.gz --delimiter ';' --charset latin-1 --text-column tweet
    scorelane submit reviews.csv --columns all --label team:growth --on-error 0.05
    """
    with options.client(url) as client:
        with bars.upload_bar(file) as on_sent:
            job = client.submit(file, on_sent=on_sent, **terms)
        _print_new(job, wait=wait, as_json=as_json)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.of_a_job
@options.url
@options.as_json
def validate(file: Path, url: str, as_json: bool, **terms: Any) -> None:
    r"""See what would become of FILE as a job, without making one.

    The service reads the beginning, and says how it would: the columns, the first rows, those with
    an error, and about how long it would take.

    \b
    scorelane validate export.csv.gz --delimiter ';' --charset latin-1 --text-column tweet
    """
    with options.client(url) as client:
        found = client.validate(file, **terms)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{found['detail']}\nColumns: {', '.join(found['columns'])}\n")
    table = table_of("row", "ref", "text or error", right=())
    errors = [row for row in found["first_errors"] if row not in found["first_rows"]]
    for row in [*found["first_rows"], *errors]:
        # As Text: a cell may hold what rich takes for markup.
        table.add_row(str(row["row"]), Text(row["ref"]), Text(row["error"] or row["text"]))
    printed(table)


@click.command()
@click.argument("job_id", metavar="ID")
@click.option("--watch", is_flag=True, help="Stay until the job has ended.")
@options.url
@options.as_json
def status(job_id: str, watch: bool, url: str, as_json: bool) -> None:
    """Show how job ID stands.

    With --watch the exit code is 1 if the job fails or is cancelled.
    """
    with options.client(url) as client:
        job = client.wait(job_id, show=True) if watch else client.job(job_id)
    if as_json:
        click.echo(_as_json(job))
    else:
        _print_job(job)
    if watch:
        exit_by(job)


@click.command()
@click.argument("job_id", metavar="ID")
@options.url
@options.as_json
def cancel(job_id: str, url: str, as_json: bool) -> None:
    """Stop job ID, if it has not ended."""
    with options.client(url) as client:
        job = client.cancel(job_id)
    click.echo(_as_json(job) if as_json else f"Job {job.id} was cancelled.")


@click.command()
@click.argument("job_id", metavar="ID")
@options.of_a_retry
@options.wait
@options.url
@options.as_json
def retry(job_id: str, wait: bool, url: str, as_json: bool, **terms: Any) -> None:
    r"""Do job ID again, which failed or was cancelled; print the id of the new job.

    What is done of it is kept, and only the rest is scored. It has the terms of the old one,
    unless others are given.

    \b
    scorelane retry ID --on-error skip --wait
    """
    with options.client(url) as client:
        terms = {name: value for name, value in terms.items() if value}
        _print_new(client.retry(job_id, **terms), wait=wait, as_json=as_json)


@click.command()
@click.argument("job_id", metavar="ID")
@options.url
def delete(job_id: str, url: str) -> None:
    """Erase job ID, with its rows and results."""
    with options.client(url) as client:
        client.delete(job_id)
    click.echo(f"Job {job_id} and its data were erased.")


def _print_new(job: Job, *, wait: bool, as_json: bool) -> None:
    if not as_json:
        # At once: it is what a wait that is broken off is taken up again by.
        click.echo(job.id)
    if wait:
        job = job.wait(show=True)
    if as_json:
        click.echo(_as_json(job))
    if wait:
        exit_by(job)


def _as_json(job: Job) -> str:
    return json.dumps(dict(job.representation), indent=2)


def _print_job(job: Job) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    lines = {
        "job": job.id,
        "state": job.state,
        "model": job.model,
        "rows": "not counted yet" if job.total is None else f"{job.total:,}",
        "scored": f"{job.completed:,}",
        "errors": f"{job.failed:,}",
        "progress": f"{job.progress:.0%}",
        "created": job.created_at,
        "finished": job.finished_at or "",
        "": job.detail,
    }
    for name, value in lines.items():
        table.add_row(name, Text(value))
    printed(table)
