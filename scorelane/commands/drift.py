"""`scorelane drift`: how far the last day's rows of a model are from its reference."""

import json
import re
from pathlib import Path

import click

from scorelane.client.client import Client
from scorelane.commands.common import bars, options
from scorelane.commands.common.drift_lines import drift_table, drift_words
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.option_names import in_option_names
from scorelane.commands.common.reach_lines import reach_lines
from scorelane.commands.common.tables import print_table
from scorelane.commands.submit import submit

#: What can be the id of a job.
_JOB_ID = re.compile(r"[0-9a-f]{32}")


@click.command()
@click.argument("name")
@click.option("--job", metavar="ID", help="Compare the rows of this job, not those of the day.")
@click.option(
    "--reference",
    metavar="ID|FILE",
    help="Compare with the rows of this job, or of this file, which is scored for it; not with the "
    "model's own reference.",
)
@options.url
@options.as_json
def drift(name: str, job: str | None, reference: str | None, url: str, as_json: bool) -> None:
    r"""Compare the last day's rows of model NAME with those that it was made for.

    NAME may be `mine`, `mine@3f2a` or `mine@champion`. `scorelane summary` compares one job. The
    columns of a reference FILE are named as those of the model, such as `text`; score another one
    with `scorelane submit`, and give the id of its job.

    \b
    scorelane drift mine@champion
    scorelane drift mine --reference last-month.csv
    scorelane drift mine --job ID --reference ID
    """
    with options.client(url) as client:
        if reference and (Path(reference).is_file() or not _JOB_ID.fullmatch(reference)):
            reference = _scored(client, name, Path(reference), as_json=as_json)
        found = client.drift(name, job=job, reference=reference)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = f"job {found['job']}" if found.get("job") else "the last 24 hours"
    click.echo(harmless(f"{found['model']}@{found['version']}, {rows}"))
    for line in drift_words(found):
        click.echo(line)
    if found["columns"]:
        click.echo()
        print_table(drift_table(found))
    for line in reach_lines(found):
        click.echo(line)


def _scored(client: Client, name: str, file: Path, *, as_json: bool) -> str:
    """Score a file of reference rows; returns the id of the job."""
    from scorelane.client.errors import BadRequest  # noqa: PLC0415  see `failure_of`

    if not file.is_file():
        raise Mistake(
            f"--reference is neither a file nor the id of a job, of 32 hex digits: {file}"
        )
    version = client.drift(name)
    model = f"{version['model']}@{version['version']}"
    try:
        with bars.upload_bar(file) as on_sent:
            job = client.submit(file, on_sent=on_sent, model=model)
    except BadRequest as error:
        # It may advise an option for files, which this command does not have.
        said = in_option_names(error.detail, submit)
        advice = (
            "`scorelane submit` has the options for files: give the id of its job as --reference."
        )
        raise Mistake(f"{said} {advice}") from error
    job = job.wait()
    if not as_json:
        click.echo(harmless(f"The rows of {file} are those of job {job.id}."))
    return job.id
