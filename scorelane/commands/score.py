"""`scorelane score`: a file in, a file with its scores out."""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scorelane.client.client import URL_VARIABLE, Job
from scorelane.client.errors import ClientError
from scorelane.client.progress import stderr_console
from scorelane.commands import bars, options
from scorelane.commands.result_summary import Summary, first_texts, lines_of, missing, summarise
from scorelane.commands.tables import bars_of

#: Characters of a text that are shown.
TEXT_CHARS = 48


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.out
@click.option(
    "--url",
    envvar=URL_VARIABLE,
    show_envvar=True,
    help="A service that runs.  [default: one is started for this file, and stopped]",
)
@options.of_a_job
@options.as_json
def score(file: Path, out: Path | None, url: str | None, as_json: bool, **terms: Any) -> None:
    r"""Score FILE, a CSV with a column `text`, and write `ref,Sentiment_Score,error` for each row.

    The scores go to scored-FILE in this folder, or to --out; the rows are in FILE's order. A row
    that cannot be scored (its text is empty, say) has an error instead of a score.

    \b
    scorelane score reviews.csv
    scorelane score tweets.csv --text-column tweet --ref-column id -o scores.csv
    scorelane score reviews.csv -o - | head

    The exit code is 0 only if every row came back.
    """
    out = out or Path(f"scored-{file.stem}.csv")
    _check_output(file, out)
    with ExitStack() as closing:
        client = closing.enter_context(options.client(url or _service(closing)))
        with bars.upload_bar(file) as on_sent:
            job = client.submit(file, on_sent=on_sent, **terms)
        job = _wait(job, remote=url is not None)
        summary = _fetch(job, out)
    loss = missing(summary, job)
    if as_json:
        _print_json(summary, job, out)
    else:
        # With the scores on stdout, everything else is on stderr.
        console = stderr_console() if out == options.STDOUT else Console(highlight=False)
        _print(
            console, summary, first_texts(file, terms["text_column"] or "text", terms["delimiter"])
        )
        if out != options.STDOUT:
            console.print(f"All scores: {out}", soft_wrap=True)
    if loss:
        raise click.ClickException(loss)


def _service(closing: ExitStack) -> str:
    """Start a service for this one file; gives its address."""
    # Not above: with a URL nothing of it is needed.
    from scorelane.stack.stack import Stack  # noqa: PLC0415

    with bars.waiting() as say:
        return closing.enter_context(Stack(on_wait=say)).url


def _check_output(file: Path, out: Path) -> None:
    """Find out before the work whether its result can be written."""
    if out == options.STDOUT:
        return
    if out.exists() and out.samefile(file):
        raise click.UsageError(f"{out} is the input. Name another file with --out.")
    if not os.access(out.resolve().parent, os.W_OK):
        raise click.UsageError(f"{out.parent} is no folder that can be written to.")


def _wait(job: Job, *, remote: bool) -> Job:
    try:
        job = job.wait(show=True)
    except (KeyboardInterrupt, SystemExit):
        if remote:
            # An embedded service is stopped as a whole; a remote one would go on for nobody.
            _cancel(job)
        raise
    if job.state != "succeeded":
        raise click.ClickException(f"The job has {job.state}. {job.error or job.detail}")
    return job


def _cancel(job: Job) -> None:
    try:
        job.cancel()
    except ClientError as error:
        click.echo(f"Job {job.id} could not be cancelled: {error}", err=True)
    else:
        click.echo(f"Job {job.id} was cancelled.", err=True)


def _fetch(job: Job, out: Path) -> Summary:
    """Download the results, and count what has come."""
    try:
        if out == options.STDOUT:
            stdout = sys.stdout.buffer
            summary = summarise(lines_of(job.chunks(), stdout.write))
            stdout.flush()
            return summary
        job.save(out)
        with out.open(encoding="utf-8", newline="") as lines:
            return summarise(lines)
    except ValueError as error:
        raise click.ClickException(f"What came back is not whole: {error}.") from error


def _print_json(summary: Summary, job: Job, out: Path) -> None:
    said = {
        "job": dict(job.representation),
        "rows": {"total": summary.rows, "completed": summary.scored, "failed": summary.failed},
        "mean": summary.mean,
        "histogram": summary.bins,
        "out": str(out),
    }
    click.echo(json.dumps(said, indent=2), err=out == options.STDOUT)


def _print(console: Console, summary: Summary, texts: list[str]) -> None:
    errors = f", {summary.failed:,} with an error" if summary.failed else ""
    mean = "" if summary.mean is None else f"; mean score {summary.mean:.3f}"
    console.print(f"\n{summary.rows:,} rows: {summary.scored:,} scored{errors}{mean}\n")
    for line in bars_of(summary.bins):
        console.print(line)
    console.print()
    table = Table("ref", "score", box=None, pad_edge=False, padding=(0, 2))
    if texts:
        table.add_column("text")
    for row, (ref, number, error) in enumerate(summary.first):
        cells = [ref, f"{float(number):.3f}" if number else error]
        if texts:
            text = " ".join(texts[row].split()) if row < len(texts) else ""
            cells.append(text if len(text) <= TEXT_CHARS else text[: TEXT_CHARS - 1] + "…")
        # As Text: a cell may hold what rich takes for markup.
        table.add_row(*map(Text, cells))
    console.print(table)
    if summary.first_error:
        ref, _, error = summary.first_error
        console.print(Text(f"\nThe first row with an error: ref {ref}: {error}"))
    console.print()
