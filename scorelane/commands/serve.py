"""`scorelane serve`: the whole service on this machine, until Ctrl-C."""

import re
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import click
from rich.text import Text

from scorelane.client.progress import stderr_console
from scorelane.commands import bars
from scorelane.stack.stack import Stack

#: The lines of a log that are shown.
_IMPORTANT = re.compile(rb"\b(WARNING|ERROR|CRITICAL)\b")

#: Seconds between two looks into the logs.
LOOK_SECONDS = 0.5


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; one that others reach wants API keys.",
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
    help="The folder of jobs, results and logs; made if need be, and kept.",
)
@click.option(
    "--processes", type=click.IntRange(min=1), help="Worker processes.  [default: one a core]"
)
@click.option(
    "--models",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of model folders.  [default: SCORELANE_MODELS_DIR, or the bundled models]",
)
def serve(host: str, port: int, data: Path, processes: int | None, models: Path | None) -> None:
    r"""Run Redis, a worker and the API here, until Ctrl-C. Jobs and results are kept in --data.

    \b
    scorelane serve
    scorelane serve --port 8080 --data /var/lib/scorelane
    SCORELANE_API_KEYS_FILE=keys.txt scorelane serve --host 0.0.0.0
    """
    screen = stderr_console()
    with ExitStack() as closing:
        with bars.waiting() as say:
            stack = closing.enter_context(
                Stack(data, host=host, port=port, processes=processes, models=models, on_wait=say)
            )
        for name, value in {
            "API": f"{stack.url} (listens on {host})",
            "models": ", ".join(stack.models),
            "data": str(stack.data),
            "logs": str(stack.data / "logs"),
        }.items():
            screen.print(Text(f"{name:>7}  {value}"), soft_wrap=True)
        screen.print("Ctrl-C stops it.")
        logs = [stack.data / "logs" / name for name in ("api.log", "worker.log")]
        threading.Thread(target=_follow, args=(logs,), daemon=True).start()
        stack.wait()


def _follow(logs: list[Path]) -> None:
    """Show the important lines that come into the logs from now on."""
    positions = {log: log.stat().st_size for log in logs}
    while True:
        for log, position in positions.items():
            with log.open("rb") as file:
                file.seek(position)
                whole, newline, _ = file.read().rpartition(b"\n")
            positions[log] = position + len(whole) + len(newline)
            for line in whole.splitlines():
                if _IMPORTANT.search(line):
                    click.echo(f"{log.stem}: {line.decode(errors='replace')}", err=True)
        time.sleep(LOOK_SECONDS)
