"""Shows the progress of a job: a bar where it can be redrawn, otherwise a line now and then.

rich and IPython are imported only when they may be used, because the client works without them.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from scorelane.client.job_state import JobState, progress_text, rate_and_time_left

if TYPE_CHECKING:
    from rich.console import Console

#: `line_printer` prints a line each time a job has passed another of this many steps.
PROGRESS_STEPS = 10


@contextmanager
def show_progress() -> Iterator[Callable[[JobState], None]]:
    """Show a job's progress on stderr inside the block; yields a function to call with the job.

    In a notebook this is the job's table, which has a bar. On a terminal it is a bar if rich is
    installed. Otherwise it is lines.
    """
    if in_notebook():
        yield notebook_display()
        return
    try:
        console = stderr_console()
    except ImportError:
        yield line_printer(sys.stderr)
        return
    if not console.is_terminal:
        yield line_printer(sys.stderr)
        return
    with job_bar(console) as update:
        yield update


def in_notebook() -> bool:
    """Whether this runs in a notebook, which shows HTML and can replace it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return False
    kind = type(shell)
    # A terminal has another class, and so have consoles that show only text (Spyder's).
    return (
        kind.__name__ == "ZMQInteractiveShell"
        or "google.colab" in kind.__module__
        or "DATABRICKS_RUNTIME_VERSION" in os.environ
    )


def notebook_display() -> Callable[[JobState], None]:
    """Return a function that shows a job in the output of a cell, in place of the one before.

    rich would need ipywidgets for this, and without them shows nothing before the end.
    """
    display = import_module("IPython.display").display  # it is there only in a notebook
    handle: Any = None

    def update(job: JobState) -> None:
        nonlocal handle
        if handle is None:
            handle = display(job, display_id=True)
        else:
            handle.update(job)

    return update


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
