"""Options that several commands have."""

from pathlib import Path
from typing import Any

import click

from scorelane.client import DEFAULT_URL, URL_VARIABLE, Client
from scorelane.retries import Retries

url = click.option(
    "--url",
    envvar=URL_VARIABLE,
    default=DEFAULT_URL,
    show_default=True,
    show_envvar=True,
    help="The service.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")

#: `-` stands for stdin or stdout in most programs; here for stdout only, as an output.
STDOUT = Path("-")

out = click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Where the scores go, as CSV; - is stdout.",
)


def of_a_job(command: Any) -> Any:
    """Give a command the options of a submission."""
    for option in (
        click.option("--ref-column", help="The column of the references.  [default: ref]"),
        click.option("--text-column", help="The column of the texts.  [default: text]"),
        click.option("--model", help="The model's name.  [default: the service's default]"),
    ):
        command = option(command)
    return command


def client(url: str) -> Client:
    """The client of a command: where nothing answers, a person wants to know it at once."""
    return Client(url, retries=Retries(first_contact=0.0))
