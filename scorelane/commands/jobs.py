"""`scorelane jobs`: the list of jobs."""

import json
from typing import Any

import click
from rich.table import Table

from scorelane.client.client import Job
from scorelane.commands.common import options
from scorelane.commands.common.tables import add_row, print_table, table_of


@click.command()
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="List at most N jobs.",
)
@click.option(
    "--state",
    metavar="STATE,...",
    help="Only jobs in one of these states, separated by commas: queued,running.",
)
@options.label
@click.option(
    "--model",
    metavar="NAME[@VERSION]",
    help="Only jobs that this model scores, or this version of it; an alias is a version too.",
)
@click.option("--owner", metavar="NAME", help="Only jobs of this owner; for the keys of admins.")
@click.option(
    "--after", "created_after", metavar="TIME", help="Only jobs created after TIME (ISO 8601)."
)
@click.option(
    "--before", "created_before", metavar="TIME", help="Only jobs created before TIME (ISO 8601)."
)
@options.url
@options.as_json
def jobs(limit: int, url: str, as_json: bool, **filters: Any) -> None:
    r"""List the newest jobs that match all of the given options.

    \b
    scorelane jobs --state queued,running
    scorelane jobs --label team:growth --after 2026-01-01T12:00:00Z
    """
    with options.client(url) as client:
        found = list(client.jobs(limit, **filters))
    if as_json:
        click.echo(json.dumps([dict(job.representation) for job in found], indent=2))
        return
    print_table(_table(found), _table(found, narrow=True), _counts(found), _ids(found))


def _table(found: list[Job], *, narrow: bool = False) -> Table:
    """The jobs as a table; a narrow one lacks the model's version, and the year and the seconds."""
    table = table_of("id", "state", "model", "created", right=("rows", "scored", "errors"))
    for job in found:
        model, created = job.model, job.created_at[:19].replace("T", " ")
        if narrow:
            model, created = model.partition("@")[0], created[5:16]
        total = "" if job.total is None else f"{job.total:,}"
        counts = total, f"{job.completed:,}", f"{job.failed:,}"
        add_row(table, job.id, job.state, model, created, *counts)
    return table


def _counts(found: list[Job]) -> Table:
    """The jobs as a table of their states and rows, which fits into 80 columns."""
    table = table_of("id", "state", right=("rows", "scored", "errors"))
    for job in found:
        total = "" if job.total is None else f"{job.total:,}"
        add_row(table, job.id, job.state, total, f"{job.completed:,}", f"{job.failed:,}")
    return table


def _ids(found: list[Job]) -> Table:
    """The jobs as a table that is as narrow as an id allows."""
    table = table_of("id", last="state")
    for job in found:
        add_row(table, job.id, job.state)
    return table
