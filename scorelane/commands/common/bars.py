"""Progress bars and spinners on stderr, in a terminal or a notebook, by rich."""

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
from scorelane.commands.common.options import STDIN


@contextmanager
def start_spinner() -> Iterator[Callable[[str], None]]:
    """Show a spinner while a service starts; yields a function that shows the current step."""
    console = stderr_console()
    if not console.is_terminal:
        yield lambda step: console.print(f"{step} ...") if step else None
        return
    with console.status("Starting") as status:
        yield lambda step: status.update(f"Starting: {step}")


@contextmanager
def upload_bar(file: Path) -> Iterator[Callable[[int], None]]:
    """Show a bar for the upload of a file; yields a function that takes the bytes sent so far."""
    columns = (TextColumn("upload   "), BarColumn(), DownloadColumn())
    with Progress(*columns, console=stderr_console()) as bar:
        # Stdin, a pipe or a device has no size.
        size = file.stat().st_size if file != STDIN and file.is_file() else None
        task = bar.add_task("", total=size)
        yield lambda sent: bar.update(task, completed=sent)
