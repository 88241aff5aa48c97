"""Options that several commands have."""

from pathlib import Path
from typing import Any

import click

from scorelane.client.client import DEFAULT_URL, URL_VARIABLE, Client
from scorelane.client.retries import Retries

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
    help="Where the scores go; - is stdout.",
)


def _pairs(_context: Any, _option: Any, labels: tuple[str, ...]) -> dict[str, str]:
    for label in labels:
        if ":" not in label:
            raise click.BadParameter(f"'{label}' is no label. Write KEY:VALUE.")
    return dict(label.split(":", 1) for label in labels)


label = click.option(
    "--label",
    "labels",
    metavar="KEY:VALUE",
    multiple=True,
    callback=_pairs,
    help="To find the job by; may be given several times.",
)


_HOW_ROWS_ARE_READ = (
    click.option("--model", help="The model's name.  [default: the service's default]"),
    click.option("--text-column", help="The column of the texts.  [default: text]"),
    click.option("--ref-column", help="The column of the references.  [default: ref]"),
    click.option("--delimiter", help="Between the cells of a CSV: ';', tab, pipe.  [default: ,]"),
    click.option("--charset", help="Of the text, such as latin-1.  [default: utf-8]"),
    click.option(
        "--columns",
        metavar="all|NAME,...",
        help="Columns that come back with the scores.  [default: none]",
    ),
)

_TERMS = (
    click.option(
        "--on-error",
        metavar="skip|fail|SHARE",
        help="What rows with an error do to the job: nothing, fail it, or fail it where they are "
        "a larger share, such as 0.05.  [default: skip]",
    ),
    label,
    click.option(
        "--retention",
        "retention_seconds",
        type=int,
        metavar="SECONDS",
        help="How long the job is kept after its end.  [default: the service's]",
    ),
)


def of_a_job(command: Any) -> Any:
    """Give a command the options of a submission; see `scorelane.client.options.JobOptions`."""
    return _with(command, (*_HOW_ROWS_ARE_READ, *_TERMS))


def of_a_retry(command: Any) -> Any:
    """Give a command the options that a job may have anew when it is done again."""
    return _with(command, _TERMS)


def _with(command: Any, wanted: tuple[Any, ...]) -> Any:
    for option in reversed(wanted):
        command = option(command)
    return command


wait = click.option("--wait", is_flag=True, help="Stay until the job has ended.")
callback = click.option(
    "--callback-url", metavar="URL", help="Where the end of the job is told, signed."
)

_FORMATS = click.Choice(["csv", "ndjson", "parquet"])

result_format = click.option(
    "--format",
    type=_FORMATS,
    help="What they are written as.  [default: by the ending of --out, or csv]",
)
kept_format = click.option(
    "--format",
    type=_FORMATS,
    help="What the results are kept in: a download of that is fastest.  [default: csv]",
)


def client(url: str) -> Client:
    """The client of a command: where nothing answers, a person wants to know it at once."""
    return Client(url, retries=Retries(first_contact=0.0))
