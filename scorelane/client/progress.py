"""Shows the progress of a job: a bar where lines can be redrawn, otherwise a line now and then.

rich is imported only when a bar may be shown, because the client works without it.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from scorelane.client.job_state import JobState, progress_text, rate_and_time_left

if TYPE_CHECKING:
    from rich.console import Console

#: `line_printer` prints a line each time a job has passed another of this many steps.
PROGRESS_STEPS = 10


@contextmanager
def show_progress() -> Iterator[Callable[[JobState], None]]:
    """Show a job's progress on stderr inside the block; yields a function to call with the job.

    On a terminal or in a notebook, and if rich is installed, this is a bar; otherwise lines.
    """
    try:
        console = stderr_console()
    except ImportError:
        yield line_printer(sys.stderr)
        return
    if not (console.is_terminal or console.is_jupyter):
        yield line_printer(sys.stderr)
        return
    with job_bar(console) as update:
        yield update


def stderr_console() -> "Console":
    """Create a console on stderr, for output that is not the result.

    Raises:
        ImportError: rich is not installed.
    """
    from rich.console import Console  # noqa: PLC0415  an optional dependency of the client

    return Console(file=sys.stderr, highlight=False)


@contextmanager
def job_bar(console: "Console") -> Iterator[Callable[[JobState], None]]:
    """Show a bar with a job's rows, rate and time left; yields a function to call with the job."""
    from rich.progress import (  # noqa: PLC0415  see stderr_console
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
    )

    state = TextColumn("{task.description:9}")
    note = TextColumn("{task.fields[note]}", markup=False)
    with Progress(state, BarColumn(), MofNCompleteColumn(), note, console=console) as bar:
        task = bar.add_task("waiting", total=None, note="")

        def update(job: JobState) -> None:
            bar.update(
                task,
                description=job.state,
                total=job.total,
                completed=job.completed + job.failed,
                # A queued job's detail says why it waits, for example that no worker runs.
                note=job.detail if job.state == "queued" else rate_and_time_left(job),
            )

        yield update


def line_printer(out: TextIO) -> Callable[[JobState], None]:
    """Return a function that prints a line for each new state and each tenth of a job's rows."""
    printed: set[tuple[str, int]] = set()

    def update(job: JobState) -> None:
        stage = job.state, int(job.progress * PROGRESS_STEPS)
        if stage not in printed:
            printed.add(stage)
            print(f"{job.state}: {progress_text(job)}", file=out, flush=True)

    return update
