"""What a person sees while waiting: the bars of an upload and of a job. All of it is on stderr."""

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
    ProgressColumn,
    Task,
    TextColumn,
)
from rich.text import Text

from scorelane.answers import JobState
from scorelane.client import Client
from scorelane.job import Job

#: Seconds between two looks at a job that somebody watches.
LOOK_SECONDS = 2.0


def console() -> Console:
    """The console for what is not the result."""
    return Console(file=sys.stderr, highlight=False)


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """A spinner; gives a function that changes what it says."""
    screen = console()
    if not screen.is_terminal:
        yield lambda what: screen.print(f"{what} ...") if what else None
        return
    with screen.status("Starting") as status:
        yield lambda what: status.update(f"Starting: {what}")


@contextmanager
def upload_bar(file: Path) -> Iterator[Callable[[int], None]]:
    """A bar for the upload of a file; gives a function that is told of the bytes sent."""
    columns = (TextColumn("upload   "), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console()) as bar:
        task = bar.add_task("", total=file.stat().st_size)
        yield lambda sent: bar.update(task, completed=sent)


class _Pace(ProgressColumn):
    """Rate and time left, as the service reckons them: it knows more than one client's looks."""

    def render(self, task: Task) -> Text:
        rate, left = task.fields["rate"], task.fields["left"]
        said = [f"{rate:,.0f} rows/s"] if rate else []
        if left:
            minutes, seconds = divmod(round(left), 60)
            said.append(f"{minutes}:{seconds:02} left")
        return Text("  ".join([*said, task.fields["note"]]).strip())


def watch(client: Client, job_id: str) -> Job:
    """Wait for a job behind a bar of its rows, its rate and the time left."""
    columns = (TextColumn("{task.description:9}"), BarColumn(), MofNCompleteColumn(), _Pace())
    with Progress(*columns, console=console()) as bar:
        task = bar.add_task("waiting", total=None, rate=None, left=None, note="")

        def show(job: JobState) -> None:
            bar.update(
                task,
                description=job.state,
                total=job.total,
                completed=job.completed + job.failed,
                rate=job.rows_per_second,
                left=None if job.ended else job.eta_seconds,
                # In the queue it says why it waits: no worker, perhaps.
                note=job.detail if job.state == "queued" else "",
            )

        return client.wait(job_id, show, longest_pause=LOOK_SECONDS)
