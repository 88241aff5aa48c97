"""The progress of a job, shown to whoever waits for it: a bar, or lines where nothing can move."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from scorelane.client.job_state import JobState

#: Shares of a job between two lines.
TENTHS = 10


@contextmanager
def showing() -> Iterator[Callable[[JobState], None]]:
    """Show a job on stderr while the block lasts; gives a function to tell of it.

    A bar on a terminal and in a notebook, if rich is there; lines elsewhere.
    """
    try:
        from scorelane.commands.bars import job_bar, screen  # noqa: PLC0415  rich need not be there
    except ImportError:
        yield lines_to(sys.stderr)
        return
    console = screen()
    if not (console.is_terminal or console.is_jupyter):
        yield lines_to(sys.stderr)
        return
    with job_bar(console) as show:
        yield show


def lines_to(out: TextIO) -> Callable[[JobState], None]:
    """A function that writes a line where a job's state is another one, and at each tenth of it."""
    said: set[tuple[str, int]] = set()

    def tell(job: JobState) -> None:
        stage = job.state, int(job.progress * TENTHS)
        if stage not in said:
            said.add(stage)
            print(f"{job.state}: {standing(job)}", file=out, flush=True)

    return tell


def standing(job: JobState) -> str:
    """How far a job is, in a few words: rows, rate and the time that is left."""
    if not job.total:
        return job.detail
    pace = pace_of(job)
    return f"{job.completed + job.failed:,} of {job.total:,} rows" + (f", {pace}" if pace else "")


def pace_of(job: JobState) -> str:
    """Rate and time left, as the service reckons them: it knows more than one client's looks."""
    said = [f"{job.rows_per_second:,.0f} rows/s"] if job.rows_per_second else []
    if job.eta_seconds and not job.ended:
        minutes, seconds = divmod(round(job.eta_seconds), 60)
        said.append(f"{minutes}:{seconds:02} left")
    return ", ".join(said)
