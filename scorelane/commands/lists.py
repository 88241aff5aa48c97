"""The commands that list what a service has: jobs, models."""

import json
from typing import Any

import click
from rich.text import Text

from scorelane.commands import options
from scorelane.commands.tables import printed, table_of


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
    table = table_of("id", "state", "model", "created", right=("rows", "scored", "errors"))
    for job in found:
        total = "" if job.total is None else f"{job.total:,}"
        created = job.created_at[:19].replace("T", " ")
        table.add_row(
            job.id, job.state, job.model, created, total, f"{job.completed:,}", f"{job.failed:,}"
        )
    printed(table)


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
    table = table_of("model", "version", "format", right=("rows/s", "processes"))
    table.add_column("description")
    for model in found:
        name = f"{model['name']} (default)" if model["default"] else model["name"]
        rate, processes = f"{model['rows_per_second']:,.0f}", str(model["processes"])
        table.add_row(
            name, model["version"], model["format"], rate, processes, Text(model["description"])
        )
    printed(table)
