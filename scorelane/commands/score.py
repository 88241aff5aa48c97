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
from scorelane.commands.extras import INSTALL_SERVICES
from scorelane.commands.failures import Mistake
from scorelane.commands.job_output import why_no_scores
from scorelane.commands.result_summary import Summary, first_texts, lines_of, loss_of, summarise
from scorelane.commands.tables import histogram_lines

#: How many characters of a text are shown.
TEXT_CHARS = 48


@click.command()
@click.argument("file", type=options.EXISTING_FILE)
@options.out
@click.option(
    "--url",
    envvar=URL_VARIABLE,
    show_envvar=True,
    help="The address of a running service.  [default: start one for this file, then stop it]",
)
@options.job_options
@options.as_json
def score(file: Path, out: Path | None, url: str | None, as_json: bool, **job_options: Any) -> None:
    r"""Score FILE, a CSV with a column `text`, and write `ref,Sentiment_Score,error` for each row.

    The scores go to scored-FILE in the current folder, or to --out. Their rows are in the order of
    FILE. A row that cannot be scored, such as one whose text is empty, has an error instead of a
    score.

    \b
    scorelane score reviews.csv
    scorelane score tweets.csv --text-column tweet --ref-column id -o scores.csv
    scorelane score reviews.csv -o - | head

    The exit code is 0 only if every row was returned.
    """
    out = out or Path(f"scored-{file.stem}.csv")
    _check_output(file, out)
    with ExitStack() as closing:
        client = closing.enter_context(options.client(url or _start_service(closing)))
        with bars.upload_bar(file) as on_sent:
            job = client.submit(file, on_sent=on_sent, **job_options)
        job = _wait(job, remote=url is not None)
        summary = _fetch(job, out)
    loss = loss_of(summary, job)
    if as_json:
        _print_json(summary, job, out)
    else:
        # If the scores go to stdout, everything else goes to stderr.
        console = stderr_console() if out == options.STDOUT else Console(highlight=False)
        texts = first_texts(file, job_options["text_column"] or "text", job_options["delimiter"])
        _print(console, summary, texts)
        if out != options.STDOUT:
            console.print(f"All scores: {out}", soft_wrap=True)
    if loss:
        raise click.ClickException(loss)


def _start_service(closing: ExitStack) -> str:
    """Start a service for this file, which ends with `closing`; returns its address."""
    try:
        # Not at the top: with --url the services need not be installed.
        from scorelane.stack.stack import Stack  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise Mistake(
            "Give the address of a service with --url, or install the services to start one here: "
            f"{INSTALL_SERVICES}"
        ) from error
    with bars.start_spinner() as show_step:
        return closing.enter_context(Stack(on_wait=show_step)).url


def _check_output(file: Path, out: Path) -> None:
    """Check that the scores can be written, before any work is done."""
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
            # A service that was started here stops anyway; a remote one would score on for nobody.
            _cancel(job)
        raise
    if job.state != "succeeded":
        raise click.ClickException(why_no_scores(job))
    return job


def _cancel(job: Job) -> None:
    try:
        job.cancel()
    except ClientError as error:
        click.echo(f"Job {job.id} could not be cancelled: {error}", err=True)
    else:
        click.echo(f"Job {job.id} was cancelled.", err=True)


def _fetch(job: Job, out: Path) -> Summary:
    """Download the results, and count the rows in them."""
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
        raise click.ClickException(f"The downloaded results are not whole: {error}.") from error


def _print_json(summary: Summary, job: Job, out: Path) -> None:
    report = {
        "job": dict(job.representation),
        "rows": {"total": summary.rows, "completed": summary.scored, "failed": summary.failed},
        "mean": summary.mean,
        "histogram": summary.bins,
        "out": str(out),
    }
    click.echo(json.dumps(report, indent=2), err=out == options.STDOUT)


def _print(console: Console, summary: Summary, texts: list[str]) -> None:
    """Print counts, histogram, the first rows and the first error.

    Args:
        console: where to print.
        summary: of the results.
        texts: of the first rows; empty if they are not known.
    """
    errors = f", {summary.failed:,} with an error" if summary.failed else ""
    mean = "" if summary.mean is None else f"; mean score {summary.mean:.3f}"
    console.print(f"\n{summary.rows:,} rows: {summary.scored:,} scored{errors}{mean}\n")
    for line in histogram_lines(summary.bins):
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
        # Text, because rich would read brackets in a plain string as markup.
        table.add_row(*map(Text, cells))
    console.print(table)
    if summary.first_error:
        ref, _, error = summary.first_error
        console.print(Text(f"\nThe first row with an error: ref {ref}: {error}"))
    console.print()
