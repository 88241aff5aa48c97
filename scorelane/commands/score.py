"""`scorelane score`: a file in, a file with its scores out."""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from scorelane.client.client import URL_VARIABLE, Job
from scorelane.client.errors import ClientError
from scorelane.client.progress import stderr_console
from scorelane.commands.common import addresses, bars, options
from scorelane.commands.common.comparison_lines import comparison_lines
from scorelane.commands.common.drift_lines import drift_words
from scorelane.commands.common.extras import INSTALL_SERVICES
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.first_rows import first_rows
from scorelane.commands.common.first_texts import first_texts
from scorelane.commands.common.harmless import harmless, one_line
from scorelane.commands.common.histograms import histogram_lines
from scorelane.commands.common.job_output import why_no_scores
from scorelane.commands.common.output_summary import summary_lines
from scorelane.commands.common.reach_lines import reach_lines
from scorelane.commands.common.result_form import Form, form_of, lines_of, with_tabs
from scorelane.commands.common.result_summary import (
    FIRST,
    Summary,
    loss_of,
    summarise,
    summarise_file,
    summary_by_service,
)
from scorelane.commands.common.result_target import (
    check_target,
    check_terminal,
    is_stream,
    opened,
    target_of,
    terminal_writer,
    write_file,
)
from scorelane.commands.common.tables import (
    print_table,
    stdout_console,
)

#: A file with fewer bytes, as of some hundred texts, is scored by one process.
_SHORT_BYTES = 32 * 1024

#: An error of a number that may have a decimal comma.
_COMMA = re.compile(r" is not a (whole )?number: '[-+]?\d*,\d+'$")


@click.command()
@addresses.file_here
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
    r"""Score FILE, a CSV, and write `ref`, the outputs of the model and `error` for each row.

    FILE has the columns that the model takes, in any order: `text` for a model of texts, which
    gives `Sentiment_Score`; for others see `scorelane models NAME`. It may also be TSV, NDJSON,
    JSON or Parquet; - is stdin. The results go to scored-FILE in the current folder, or to --out,
    whose ending says their form: .csv, .tsv, .ndjson (each also with .gz) or .parquet. Their rows
    are in the order of FILE. A row that cannot be scored, such as one whose text is empty, has an
    error instead of outputs.

    \b
    scorelane score reviews.csv
    scorelane score people.csv --model titanic --rename age:Age
    scorelane score tweets.csv --text-column tweet --ref-column id -o scores.csv
    scorelane score reviews.csv --models mine,fast --label-column label
    scorelane score reviews.csv -o - | head
    zcat reviews.csv.gz | scorelane score - -o scores.parquet

    The exit code is 0 only if every row was returned.
    """
    out = target_of(out or Path(f"scored-{'stdin' if file == options.STDIN else file.stem}.csv"))
    form = form_of(out, is_stream=is_stream(out))
    check_target(out, file)
    check_terminal(out, form)
    source = options.source_of(file)
    with ExitStack() as closing:
        client = closing.enter_context(
            options.client(url or _start_service(closing, file, job_options))
        )
        with bars.upload_bar(file) as on_sent:
            job = client.submit(source, on_sent=on_sent, **job_options)
        job = _wait(job, remote=url is not None)
        summary = _fetch(job, out, form)
        found = job.summary()
    loss = loss_of(summary, job)
    if as_json:
        _print_json(summary, found, job, out)
    else:
        # If the scores go to stdout, everything else goes to stderr.
        console = stderr_console() if out == options.STDOUT else stdout_console()
        _print(console, summary, found, _texts(file, job_options))
        if out != options.STDOUT:
            console.print(Text(f"All scores: {harmless(str(out))}"), soft_wrap=True)
    if loss:
        raise click.ClickException(loss)


def _texts(file: Path, job_options: dict[str, Any]) -> list[str]:
    """The texts of the first rows, where it is known how to read them."""
    if any(job_options[name] for name in ("delimiter", "charset", "media_type")):
        return []
    quoted = job_options["quoting"] != "none"
    return first_texts(file, job_options["text_column"] or "text", FIRST, quoted=quoted)


def _start_service(closing: ExitStack, file: Path, job_options: dict[str, Any]) -> str:
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
        named = [job_options["model"], *(job_options["models"] or "").split(",")]
        stack = Stack(
            processes=1 if _is_short(file) else None,
            wanted=[one.strip() for one in named if one and one.strip()],
            on_wait=show_step,
        )
        return closing.enter_context(stack).url


def _is_short(file: Path) -> bool:
    """Whether a second process would take longer to start than it saves."""
    return file != options.STDIN and file.is_file() and file.stat().st_size < _SHORT_BYTES


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


def _fetch(job: Job, out: Path, form: Form) -> Summary:
    """Download the results, and count the rows in them."""
    try:
        if is_stream(out):
            return _write_stream(job, out, form)
        write_file(job.client, job.id, out, form)
        return summarise_file(out, form)
    except ImportError:
        # Without pyarrow only the service can tell what is in a Parquet file.
        return summary_by_service(job)
    except ValueError as error:
        raise click.ClickException(
            f"The downloaded results are not whole: {harmless(str(error))}."
        ) from error


def _write_stream(job: Job, out: Path, form: Form) -> Summary:
    """Write the results to a stream, which cannot be read back: count the rows on their way."""
    chunks: Iterator[bytes] = job.chunks(form.format)
    if form.tabs:
        chunks = with_tabs(chunks)
    with opened(out) as file:
        if form.format == "parquet":
            file.writelines(chunks)
            return summary_by_service(job)
        if form.gzipped:
            with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as compressed:
                return summarise(lines_of(_each_written(chunks, compressed.write)), form)
        show = terminal_writer(file, out)
        return summarise(lines_of(_each_written(chunks, show)), form)


def _each_written(chunks: Iterable[bytes], write: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        write(chunk)
        yield chunk


def _print_json(summary: Summary, found: dict[str, Any], job: Job, out: Path) -> None:
    report: dict[str, Any] = {
        "job": dict(job.representation),
        "rows": {"total": summary.rows, "completed": summary.scored, "failed": summary.failed},
    }
    # The scores were counted on their way; other outputs are counted by the service alone.
    if summary.is_sentiment:
        report |= {"mean": summary.mean, "histogram": summary.bins}
    else:
        report["outputs"] = found["outputs"]
        if comparison := found.get("comparison"):
            report["comparison"] = comparison
    if reach := found.get("reach"):
        report["reach"] = reach
    report["out"] = str(out)
    click.echo(json.dumps(report, indent=2), err=out == options.STDOUT)


def _print(console: Console, summary: Summary, found: dict[str, Any], texts: list[str]) -> None:
    """Print counts, histograms, the first rows and the first error.

    Args:
        console: where to print.
        summary: of the results.
        found: the service's summary.
        texts: of the first rows; empty if they are not known.
    """
    errors = f", {summary.failed:,} with an error" if summary.failed else ""
    mean = "" if summary.mean is None else f"; mean score {summary.mean:.3f}"
    console.print(f"\n{summary.rows:,} rows: {summary.scored:,} scored{errors}{mean}\n")
    for line in (
        histogram_lines(summary.bins, console.width)
        if summary.is_sentiment
        else summary_lines(found, console.width, brief=True)
    ):
        console.print(Text(line), soft_wrap=True)
    for line in comparison_lines(found):
        console.print(Text(line), soft_wrap=True)
    console.print()
    print_table(*first_rows(summary, texts), console=console)
    for line in reach_lines(found):
        console.print(Text(line), soft_wrap=True)
    drift = found.get("drift")
    if drift and drift["columns"]:
        for line in drift_words(drift):
            console.print(Text(line), soft_wrap=True)
    if summary.first_error:
        ref, error = one_line(summary.first_error[0]), one_line(summary.first_error[-1])
        console.print(Text(f"\nThe first row with an error: ref {ref}: {error}"), soft_wrap=True)
        if _COMMA.search(error):
            console.print("If its comma is a decimal sign, give --decimal comma.")
    console.print()
