"""Progress bars and spinners on stderr, in a terminal or a notebook, by rich."""

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
    """A console on stderr, for everything that is not the result."""
    return Console(file=sys.stderr, highlight=False)


@contextmanager
def start_spinner() -> Iterator[Callable[[str], None]]:
    """Show a spinner while a service starts; yields a function that shows the current step."""
    console = screen()
    if not console.is_terminal:
        yield lambda step: console.print(f"{step} ...") if step else None
        return
    with console.status("Starting") as status:
        yield lambda step: status.update(f"Starting: {step}")


@contextmanager
def upload_bar(file: Path) -> Iterator[Callable[[int], None]]:
    """Show a bar for the upload of a file; yields a function that takes the bytes sent so far."""
    columns = (TextColumn("upload   "), BarColumn(), DownloadColumn())
    with Progress(*columns, console=screen()) as bar:
        task = bar.add_task("", total=file.stat().st_size)
        yield lambda sent: bar.update(task, completed=sent)


@contextmanager
def job_bar(console: Console) -> Iterator[Callable[[JobState], None]]:
    """Show a bar for the rows of a job, its rate and the time left.

    Yields a function that takes the job's latest state.
    """
    state, note = (
        TextColumn("{task.description:9}"),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(state, BarColumn(), MofNCompleteColumn(), note, console=console) as bar:
        task = bar.add_task("waiting", total=None, note="")

        def show(job: JobState) -> None:
            bar.update(
                task,
                description=job.state,
                total=job.total,
                completed=job.completed + job.failed,
                # The detail of a queued job says why it waits, such as that there is no worker.
                note=job.detail if job.state == "queued" else pace_of(job),
            )

        yield show
