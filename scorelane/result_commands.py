"""The commands that fetch what came of a job: results."""

import sys
from pathlib import Path
from typing import Any

import click

from scorelane import options
from scorelane.downloads import FORMATS


@click.command()
@click.argument("job_id", metavar="ID")
@options.out
@options.result_format
@options.url
def results(job_id: str, out: Path | None, format: Any, url: str) -> None:  # noqa: A002  the option's name
    r"""Download the scores of job ID to scored-ID.csv in this folder, or to --out.

    \b
    scorelane results ID -o scores.parquet
    scorelane results ID --format ndjson -o - | head
    """
    if format is None:
        format = FORMATS.get(out.suffix.lower(), "csv") if out else "csv"  # noqa: A001  see above
    out = out or Path(f"scored-{job_id}.{format}")
    with options.client(url) as client:
        if out == options.STDOUT:
            sys.stdout.buffer.writelines(client.chunks(job_id, format))
            sys.stdout.buffer.flush()
        else:
            client.save(job_id, out, format)
            click.echo(out)
