"""`scorelane serve`: the whole service on this machine, until Ctrl-C."""

import os
import re
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import click
from rich.text import Text

from scorelane.client.progress import stderr_console
from scorelane.commands.common import bars
from scorelane.commands.common.harmless import harmless
from scorelane.stack.stack import Stack

#: The lines of a log that are shown.
_IMPORTANT = re.compile(rb"\b(WARNING|ERROR|CRITICAL)\b")

#: Seconds between two reads of the logs.
LOG_READ_SECONDS = 0.5


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. An address that other machines can reach needs API keys.",
)
@click.option(
    "--port",
    default=5005,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to listen on; 0 takes a free one.",
)
@click.option(
    "--data",
    default=".scorelane",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of jobs, results and logs. It is made if necessary, and kept.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="The number of worker processes.  [default: one per core]",
)
@click.option(
    "--models",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of model folders.  [default: SCORELANE_MODELS_DIR, or your own models and the "
    "bundled ones]",
)
def serve(host: str, port: int, data: Path, processes: int | None, models: Path | None) -> None:
    r"""Run Redis, a worker and the API on this machine, until Ctrl-C.

    Jobs and results stay in --data, and are there again after a restart.

    \b
    scorelane serve
    scorelane serve --port 8080 --data /var/lib/scorelane
    SCORELANE_API_KEYS_FILE=keys.txt scorelane serve --host 0.0.0.0
    """
    console = stderr_console()
    with ExitStack() as closing:
        with bars.start_spinner() as show_step:
            stack = closing.enter_context(
                Stack(
                    data,
                    host=host,
                    port=port,
                    processes=processes,
                    models=models,
                    on_wait=show_step,
                )
            )
        for name, value in {
            "API": f"{stack.url} (listens on {host})",
            "models": ", ".join(stack.models),
            "data": str(stack.data),
            "logs": str(stack.data / "logs"),
        }.items():
            console.print(Text(f"{name:>7}  {value}"), soft_wrap=True)
        for name, reason in stack.failed.items():
            click.echo(harmless(f"{name} is not served: {reason}"), err=True)
        console.print(Text(f"Open {stack.url} in a browser. Ctrl-C stops it."), soft_wrap=True)
        logs = [stack.data / "logs" / name for name in ("api.log", "worker.log")]
        threading.Thread(target=_follow, args=(logs,), daemon=True).start()
        stack.wait(on_restart=lambda sentence: click.echo(sentence, err=True))


def _follow(logs: list[Path]) -> None:
    """Print the important lines that are added to the logs from now on; never returns."""
    positions = {log: log.stat().st_size for log in logs}
    while True:
        for log in logs:
            # A service that is started again may rename its log, and begin a new one.
            with suppress(FileNotFoundError):
                lines, positions[log] = _new_lines(log, positions[log])
                for line in filter(_IMPORTANT.search, lines):
                    click.echo(harmless(f"{log.stem}: {line.decode(errors='replace')}"), err=True)
        time.sleep(LOG_READ_SECONDS)


def _new_lines(log: Path, position: int) -> tuple[list[bytes], int]:
    """The complete lines of a log after a position, and the position after them."""
    with log.open("rb") as file:
        if position > file.seek(0, os.SEEK_END):
            position = 0
        file.seek(position)
        # A line that is not yet complete is read again next time.
        lines, newline, _ = file.read().rpartition(b"\n")
    return lines.splitlines(), position + len(lines) + len(newline)
