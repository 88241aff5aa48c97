"""Bars on a terminal or in a notebook, by rich. All of it is on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
)

from scorelane.client.job_state import JobState
from scorelane.client.progress import pace_of


def screen() -> Console:
    """The console for what is not the result."""
    return Console(file=sys.stderr, highlight=False)


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """A spinner; gives a function that changes what it says."""
    console = screen()
    if not console.is_terminal:
        yield lambda what: console.print(f"{what} ...") if what else None
        return
    with console.status("Starting") as status:
        yield lambda what: status.update(f"Starting: {what}")


@contextmanager
def upload_bar(file: Path) -> Iterator[Callable[[int], None]]:
    """A bar for the upload of a file; gives a function that is told of the bytes sent."""
    columns = (TextColumn("upload   "), BarColumn(), DownloadColumn())
    with Progress(*columns, console=screen()) as bar:
        task = bar.add_task("", total=file.stat().st_size)
        yield lambda sent: bar.update(task, completed=sent)


@contextmanager
def job_bar(console: Console) -> Iterator[Callable[[JobState], None]]:
    """A bar of a job's rows, its rate and the time left; gives a function to tell of the job."""
    said = TextColumn("{task.description:9}"), TextColumn("{task.fields[note]}", markup=False)
    with Progress(said[0], BarColumn(), MofNCompleteColumn(), said[1], console=console) as bar:
        task = bar.add_task("waiting", total=None, note="")

        def show(job: JobState) -> None:
            bar.update(
                task,
                description=job.state,
                total=job.total,
                completed=job.completed + job.failed,
                # In the queue it says why it waits: no worker, perhaps.
                note=job.detail if job.state == "queued" else pace_of(job),
            )

        yield show
