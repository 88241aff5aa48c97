"""`scorelane top`: the workers, queues, jobs and rates of a service, in the terminal."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scorelane.client.errors import ApiError, Unreachable
from scorelane.commands.common import options
from scorelane.commands.common.harmless import harmless, one_line
from scorelane.commands.common.service_snapshot import MOST_JOBS, ServiceSnapshot, SnapshotReader

#: The width of a frame that goes to a file or a pipe, in characters.
PAGE_WIDTH = 120

#: Seconds between the two snapshots that a single frame needs for its rates.
ONCE_SECONDS = 1.0


@click.command()
@click.option("--once", is_flag=True, help="Print one frame after a second, then exit.")
@click.option(
    "--interval",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0.2),
    metavar="SECONDS",
    help="The time between two frames.",
)
@options.url
@options.as_json
def top(once: bool, interval: float, url: str, as_json: bool) -> None:
    r"""Show the workers, queues, jobs and rates of a service, until Ctrl-C.

    If the service needs an API key, SCORELANE_API_KEY must hold a key with the scope admin.

    \b
    scorelane top
    scorelane top --once --json | jq '.models[].waiting_rows'
    """
    with SnapshotReader(url) as reader:
        if once or as_json:
            reader.read()
            time.sleep(ONCE_SECONDS)
            snapshot = reader.read()
            if as_json:
                click.echo(json.dumps(snapshot.as_json(), indent=2))
            else:
                _page().print(frame(snapshot, reader.url))
            return
        first = frame(reader.read(), reader.url)
        with Live(first, console=Console(highlight=False), screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(interval)
                live.update(_next_frame(reader), refresh=True)


def _next_frame(reader: SnapshotReader) -> Any:
    try:
        return frame(reader.read(), reader.url)
    except (Unreachable, ApiError) as error:
        # The service may be restarting; a user who watches that wants to see it come back.
        return Text(f"{harmless(str(error))}\n\nCtrl-C ends this.", style="bold red")


def _page() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PAGE_WIDTH)


def frame(snapshot: ServiceSnapshot, url: str, now: datetime | None = None) -> Group:
    """What the terminal shows of a snapshot.

    Args:
        snapshot: of the service.
        url: the address of the service.
        now: the time to show; None: the present.
    """
    now = now or datetime.now(UTC)
    return Group(
        _summary(snapshot, url, now),
        Text(),
        _models(snapshot),
        Text(),
        _workers(snapshot, now),
        Text(),
        _jobs(snapshot),
    )


def _summary(snapshot: ServiceSnapshot, url: str, now: datetime) -> Text:
    rate = "" if snapshot.rows_per_second is None else f"{snapshot.rows_per_second:,.0f} rows/s   "
    per_second = snapshot.requests_per_second
    requests = "" if per_second is None else f"{per_second:,.1f} requests/s   "
    processes = sum(len(worker["processes"]) for worker in snapshot.workers)
    memory = sum(worker["memory"] for worker in snapshot.workers)
    waiting = snapshot.total("scorelane_waiting_jobs")
    running = snapshot.total("scorelane_running_jobs")
    heading = Text(f"{url}   {now:%Y-%m-%d %H:%M:%S} UTC", style="bold")
    return Text("\n").join(
        [
            heading,
            Text(
                f"{rate}{requests}{_count(len(snapshot.workers), 'worker')}, "
                f"{_count(processes, 'process', 'processes')}, {_size(memory)}   "
                f"{_count(round(running), 'job')} in work, {waiting:,.0f} waiting"
            ),
        ]
    )


def _models(snapshot: ServiceSnapshot) -> Table | Text:
    table = _table(
        "model", right=("processes", "rows/s each", "rows waiting", "in work", "small", "oldest")
    )
    for model in snapshot.models:
        rate = snapshot.total("scorelane_model_rows_per_second", *model)
        processes = snapshot.total("scorelane_model_processes", *model)
        table.add_row(
            Text(one_line("@".join(model))),
            Text(f"{processes:,.0f}", style="" if processes else "bold red"),
            f"{rate:,.0f}" if rate else "",
            f"{snapshot.total('scorelane_waiting_rows', *model):,.0f}",
            f"{snapshot.total('scorelane_running_rows', *model):,.0f}",
            f"{snapshot.total('scorelane_waiting_jobs', *model, 'small'):,.0f}",
            _duration(snapshot.queue_age(*model)),
        )
    return _or_text(table, "No model is served.")


def _workers(snapshot: ServiceSnapshot, now: datetime) -> Table | Text:
    table = _table("worker", "release", right=("up", "processes", "memory", "rows", "rows/s"))
    for worker in snapshot.workers:
        rate = snapshot.rates.get(worker["name"])
        table.add_row(
            Text(one_line(worker["name"])),
            Text(one_line(worker["release"])),
            _duration((now - datetime.fromisoformat(worker["started_at"])).total_seconds()),
            str(len(worker["processes"])),
            _size(worker["memory"]),
            f"{worker['rows']:,}",
            "" if rate is None else f"{rate:,.0f}",
        )
    return _or_text(table, "No worker is alive. Jobs wait until one is.")


def _jobs(snapshot: ServiceSnapshot) -> Table | Text:
    table = _table("job", "state", "model", right=("rows done", "of", "done", "rows/s", "left"))
    for job in snapshot.jobs:
        rows = job["rows"]
        total, rate, left = rows["total"], job["rows_per_second"], job["eta_seconds"]
        table.add_row(
            job["id"],
            job["state"],
            Text(one_line(job["model"]["name"])),
            f"{rows['completed'] + rows['failed']:,}",
            "" if total is None else f"{total:,}",
            f"{job['progress']:.0%}",
            f"{rate:,.0f}" if rate else "",
            "" if left is None else _duration(left),
        )
    if len(snapshot.jobs) == MOST_JOBS:
        table.add_row("...")
    return _or_text(table, "No job is waiting or running.")


def _table(*columns: str, right: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _or_text(table: Table, text_if_empty: str) -> Table | Text:
    names = table.columns[0]
    # A narrow terminal cuts other columns, because a user copies the ids and names from here.
    names.min_width = max((cell_len(str(cell)) for cell in names.cells), default=0)
    return table if table.row_count else Text(text_if_empty, style="dim")


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def _size(number: float) -> str:
    """A number of bytes, such as `5 MB`."""
    return f"{number / 1e9:,.2f} GB" if number >= 1e9 else f"{number / 1e6:,.0f} MB"


def _duration(seconds: float) -> str:
    """A number of seconds, such as `3.2 s` or `1 d 1:01:01`; empty for 0."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds else ""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours}:{minutes:02}:{seconds:02}"
    return f"{days} d {clock}" if days else clock
