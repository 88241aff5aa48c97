"""Bars on a terminal or in a notebook, by rich. All of it is on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
)

from scorelane.client.progress import stderr_console


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """A spinner; gives a function that changes what it says."""
    console = stderr_console()
    if not console.is_terminal:
        yield lambda what: console.print(f"{what} ...") if what else None
        return
    with console.status("Starting") as status:
        yield lambda what: status.update(f"Starting: {what}")


@contextmanager
def upload_bar(file: Path) -> Iterator[Callable[[int], None]]:
    """A bar for the upload of a file; gives a function that is told of the bytes sent."""
    columns = (TextColumn("upload   "), BarColumn(), DownloadColumn())
    with Progress(*columns, console=stderr_console()) as bar:
        task = bar.add_task("", total=file.stat().st_size)
        yield lambda sent: bar.update(task, completed=sent)
