"""Options and arguments that several commands share, and the client that they make."""

import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click
from typing_extensions import override

from scorelane.client.client import DEFAULT_URL, URL_VARIABLE, Client
from scorelane.client.retries import Retries
from scorelane.client.sources import MEDIA_TYPES
from scorelane.commands.common.unzipped import unzipped

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

#: As an output file, `-` means stdout.
STDOUT = Path("-")

#: As an input file, `-` means stdin.
STDIN = Path("-")


def source_of(file: Path) -> Path | BinaryIO:
    """What the client uploads for the argument FILE.

    Raises:
        click.UsageError: it is stdin, which is closed.
    """
    if file != STDIN:
        return file
    if sys.stdin is None:
        raise click.UsageError("stdin is closed, so FILE cannot be -.")
    return unzipped(sys.stdin.buffer)


def _one_part(_context: Any, _argument: Any, value: str) -> str:
    # In the address of a job it would lead elsewhere.
    if "/" in value:
        raise click.BadParameter(f"'{value}' is not a job id, which has 32 hex digits.")
    return value


job_id = click.argument("job_id", metavar="ID", callback=_one_part)

url = click.option(
    "--url",
    envvar=URL_VARIABLE,
    default=DEFAULT_URL,
    show_default=True,
    show_envvar=True,
    help="The address of the service.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class _FileToWrite(click.Path):
    """A file that is written; `out/` is a folder even if it is not there."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, allow_dash=True, path_type=Path)

    @override
    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        # A path loses the slash, and the scores would be in a file with the name of the folder.
        if str(value).endswith(os.sep) and not Path(value).is_dir():
            self.fail(f"'{value}' names a folder that does not exist. Name a file.", param, ctx)
        return super().convert(value, param, ctx)


out = click.option(
    "-o",
    "--out",
    type=_FileToWrite(),
    help="Write the scores to this file; - is stdout. The ending of its name says the form.",
)


def _pairs(_context: Any, _option: Any, labels: tuple[str, ...]) -> dict[str, str]:
    for text in labels:
        if ":" not in text:
            raise click.BadParameter(f"'{text}' is no label. Write KEY:VALUE.")
    return dict(text.split(":", 1) for text in labels)


def _renamed(_context: Any, _option: Any, pairs: tuple[str, ...]) -> dict[str, str] | None:
    renamed: dict[str, str] = {}
    for text in pairs:
        # At the last colon: a name may hold one, and the service knows those of the model.
        own, colon, name = text.rpartition(":")
        if not (colon and own and name):
            raise click.BadParameter(f"'{text}' is no pair of names. Write YOURS:ITS.")
        if own in renamed:
            raise click.BadParameter(f"'{own}' is renamed twice.")
        renamed[own] = name
    return renamed or None


label = click.option(
    "--label",
    "labels",
    metavar="KEY:VALUE",
    multiple=True,
    callback=_pairs,
    help="A label to find the job by; repeat the option for several labels.",
)


def _media_type(_context: Any, _option: Any, name: str | None) -> str | None:
    return None if name is None else MEDIA_TYPES[f".{name}"]


_READING_OPTIONS = (
    click.option(
        "--input-format",
        "media_type",
        type=click.Choice(["csv", "tsv", "ndjson", "json", "parquet"]),
        callback=_media_type,
        help="The format of FILE.  [default: by its ending, or csv]",
    ),
    click.option("--model", help="The name of the model.  [default: the service's default]"),
    click.option(
        "--models",
        metavar="FIRST,SECOND",
        help="Two models that both score each row, in place of --model: the results of the first, "
        "with the columns of the second, and a summary of how they differ.",
    ),
    click.option(
        "--label-column",
        metavar="NAME",
        help="With --models: the column with the right values, by which they are compared.",
    ),
    click.option(
        "--text-column", help="The column with the texts, for a model of texts.  [default: text]"
    ),
    click.option(
        "--rename",
        metavar="YOURS:ITS",
        multiple=True,
        callback=_renamed,
        help="A column of the file, and the model's name for it; repeat the option for several.",
    ),
    click.option("--ref-column", help="The column that holds the references.  [default: ref]"),
    click.option(
        "--delimiter",
        help="The character between the cells of a CSV, or its name (comma, semicolon, tab, pipe, "
        "space).  [default: ,]",
    ),
    click.option(
        "--charset", help="The character encoding of the file, such as latin-1.  [default: utf-8]"
    ),
    click.option(
        "--quoting",
        type=click.Choice(["double", "none"]),
        help="What a double quote is in a CSV: double, it may enclose a cell; none, a character "
        "like any other.  [default: double, with checks of tab-separated files]",
    ),
    click.option(
        "--decimal",
        type=click.Choice(["point", "comma"]),
        help="The decimal sign of the numbers in a CSV.  [default: point]",
    ),
    click.option(
        "--outputs",
        metavar="all|NAME,...",
        help="The outputs of the model that the results have; see `scorelane models NAME`.  "
        "[default: those that the model gives without a request]",
    ),
    click.option(
        "--explain",
        type=click.IntRange(1, 20),
        metavar="N",
        help="Also name, for each row, the N terms or columns that moved its score most, and by "
        "how much.",
    ),
    click.option(
        "--columns",
        metavar="all|NAME,...",
        help="Columns to copy from the file to the results.  [default: none]",
    ),
    click.option(
        "--reach",
        is_flag=True,
        default=None,
        help="Also say, for each row, which share of the words the model knows, whether it reads "
        "the whole text, and whether the text looks like another language.",
    ),
)

_KEEP = click.option(
    "--keep",
    type=click.Choice(["all", "none"]),
    help="none: the service deletes the rows and results after their download; the receipt stays.  "
    "[default: all]",
)

_RETRY_OPTIONS = (
    click.option(
        "--on-error",
        metavar="skip|fail|SHARE",
        help="What happens to the job if rows have an error: nothing (skip), it fails (fail), or "
        "it fails if the share of such rows is larger than SHARE, such as 0.05.  [default: skip]",
    ),
    click.option(
        "--priority",
        type=click.Choice(["low", "normal", "high"]),
        help="Its share of the workers among your own jobs: high gets four times as much as "
        "normal, low a quarter.  [default: normal]",
    ),
    label,
    click.option(
        "--retention",
        "retention_seconds",
        type=int,
        metavar="SECONDS",
        help="How long the service keeps the job after its end.  [default: the service's default]",
    ),
)


_OTHER_VERSION = click.option(
    "--model",
    metavar="NAME@VERSION",
    help="Another version of the job's model, which scores all rows again.  [default: the version "
    "of the job]",
)


def job_options(command: Any) -> Any:
    """Add the options of a submission; see `scorelane.client.options.JobOptions`."""
    return _add(command, (*_READING_OPTIONS, _KEEP, *_RETRY_OPTIONS))


def retry_options(command: Any) -> Any:
    """Add the options that a retry can change; see `scorelane.client.options.RetryOptions`."""
    return _add(command, (_OTHER_VERSION, *_RETRY_OPTIONS))


def _add(command: Any, added: tuple[Any, ...]) -> Any:
    # A decorator puts its option first, so the last option is added first.
    for option in reversed(added):
        command = option(command)
    return command


wait = click.option("--wait", is_flag=True, help="Show the progress until the job ends.")
callback = click.option(
    "--callback-url",
    metavar="URL",
    help="The address to which the service sends a signed message when the job ends.",
)

_FORMATS = click.Choice(["csv", "ndjson", "parquet"])

result_format = click.option(
    "--format",
    type=_FORMATS,
    help="The format of the download.  [default: by the ending of --out, or csv]",
)
stored_format = click.option(
    "--format",
    type=_FORMATS,
    help="The format in which the service stores the results; downloads in this format are the "
    "fastest.  [default: csv]",
)


def client(url: str) -> Client:
    """The client of a command.

    It does not retry the first connection: if nothing answers, a person wants to know it at once.
    """
    return Client(url, retries=Retries(first_contact=0.0))
