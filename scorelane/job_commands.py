"""The commands that speak to a running service: submit, status, results, cancel, delete, lists."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scorelane import bars, options
from scorelane.job import Job


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.of_a_job
@click.option("--wait", is_flag=True, help="Stay until the job has ended.")
@options.url
@options.as_json
def submit(file: Path, wait: bool, url: str, as_json: bool, **terms: Any) -> None:
    r"""Send FILE to a service, and print the id of its job.

    With --wait the exit code is 1 if the job fails or is cancelled.

    \b
    id=$(scorelane submit reviews.csv --wait) && scorelane results $id
    scorelane submit export.csv.gz --delimiter ';' --charset latin-1 --text-column tweet
    scorelane submit reviews.csv --label team:growth --on-error 0.05
    """
    with options.client(url) as client:
        with bars.upload_bar(file) as on_sent:
            job = client.submit(file, on_sent=on_sent, **terms)
        if not as_json:
            # At once: it is what a wait that is broken off is taken up again by.
            click.echo(job.id)
        if wait:
            job = job.wait(show=True)
    if as_json:
        click.echo(_as_json(job))
    if wait:
        _exit_by(job)


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
        _exit_by(job)


@click.command()
@click.argument("job_id", metavar="ID")
@options.out
@options.url
def results(job_id: str, out: Path | None, url: str) -> None:
    r"""Download the scores of job ID to scored-ID.csv in this folder, or to --out.

    \b
    scorelane results ID -o scores.csv
    scorelane results ID -o - | head
    """
    out = out or Path(f"scored-{job_id}.csv")
    with options.client(url) as client:
        if out == options.STDOUT:
            sys.stdout.buffer.writelines(client.chunks(job_id))
            sys.stdout.buffer.flush()
        else:
            client.save(job_id, out)
            click.echo(out)


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
@options.url
def delete(job_id: str, url: str) -> None:
    """Erase job ID, with its rows and results."""
    with options.client(url) as client:
        client.delete(job_id)
    click.echo(f"Job {job_id} and its data were erased.")


@click.command()
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="At most so many."
)
@click.option("--state", help="Only jobs in this state; several by comma: queued,running.")
@options.label
@click.option("--model", help="Only jobs of this model: NAME, or NAME@VERSION.")
@click.option("--after", "created_after", metavar="TIME", help="Only jobs made later.")
@click.option("--before", "created_before", metavar="TIME", help="Only jobs made earlier.")
@options.url
@options.as_json
def jobs(limit: int, url: str, as_json: bool, **wanted: Any) -> None:
    r"""List the newest jobs, of all or of those that are wanted.

    \b
    scorelane jobs --state queued,running
    scorelane jobs --label team:growth --after 2026-01-01T12:00:00Z
    """
    with options.client(url) as client:
        found = list(client.jobs(limit, **wanted))
    if as_json:
        click.echo(json.dumps([dict(job.representation) for job in found], indent=2))
        return
    table = _table("id", "state", "model", "created", right=("rows", "scored", "errors"))
    for job in found:
        total = "" if job.total is None else f"{job.total:,}"
        created = job.created_at[:19].replace("T", " ")
        table.add_row(
            job.id, job.state, job.model, created, total, f"{job.completed:,}", f"{job.failed:,}"
        )
    _print(table)


@click.command()
@options.url
@options.as_json
def models(url: str, as_json: bool) -> None:
    """List the models of a service."""
    with options.client(url) as client:
        found = client.models()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = _table("model", "version", "format", right=("rows/s", "processes"))
    table.add_column("description")
    for model in found:
        name = f"{model['name']} (default)" if model["default"] else model["name"]
        rate, processes = f"{model['rows_per_second']:,.0f}", str(model["processes"])
        table.add_row(
            name, model["version"], model["format"], rate, processes, Text(model["description"])
        )
    _print(table)


def _exit_by(job: Job) -> None:
    if job.state != "succeeded":
        click.echo(f"The job is {job.state}. {job.error or job.detail}", err=True)
        raise SystemExit(1)


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
    _print(table)


def _table(*columns: str, right: tuple[str, ...]) -> Table:
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2))
    for column in right:
        table.add_column(column, justify="right")
    return table


def _print(table: Table) -> None:
    # Into a pipe or a file a table is as wide as it needs to be: nothing is cut.
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=1000)
    console.print(table)
