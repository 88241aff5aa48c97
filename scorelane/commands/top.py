"""`scorelane top`: a running service at work, in the terminal."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scorelane.client.errors import ApiError, Unreachable
from scorelane.commands import options
from scorelane.commands.service_snapshot import MOST_JOBS, ServiceSnapshot, SnapshotReader

#: How wide a page is that goes into a file or a pipe.
PAGE_WIDTH = 120

#: Between the two looks of a single frame: a rate needs two.
ONCE_SECONDS = 1.0


@click.command()
@click.option("--once", is_flag=True, help="Print one frame, after a second, and end.")
@click.option(
    "--interval",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0.2),
    metavar="SECONDS",
    help="Between two looks.",
)
@options.url
@options.as_json
def top(once: bool, interval: float, url: str, as_json: bool) -> None:
    r"""Show the workers, queues, jobs and rates of a service, until Ctrl-C.

    Where the service asks for a key, SCORELANE_API_KEY must be one with the scope admin.

    \b
    scorelane top
    scorelane top --once --json | jq '.models[].waiting_rows'
    """
    with SnapshotReader(url) as looks:
        if once or as_json:
            looks.look()
            time.sleep(ONCE_SECONDS)
            found = looks.look()
            if as_json:
                click.echo(json.dumps(found.as_json(), indent=2))
            else:
                _page().print(frame(found, looks.url))
            return
        first = frame(looks.look(), looks.url)
        with Live(first, console=Console(highlight=False), screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(interval)
                live.update(_next(looks), refresh=True)


def _next(looks: SnapshotReader) -> Any:
    try:
        return frame(looks.look(), looks.url)
    except (Unreachable, ApiError) as error:
        # It may come back; whoever watches a restart wants to see that.
        return Text(f"{error}\n\nCtrl-C ends this.", style="bold red")


def _page() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PAGE_WIDTH)


def frame(look: ServiceSnapshot, url: str, now: datetime | None = None) -> Group:
    """What is shown of a service at one moment."""
    now = now or datetime.now(UTC)
    return Group(
        _summary(look, url, now),
        Text(),
        _models(look),
        Text(),
        _workers(look, now),
        Text(),
        _jobs(look),
    )


def _summary(look: ServiceSnapshot, url: str, now: datetime) -> Text:
    rate = "" if look.rows_per_second is None else f"{look.rows_per_second:,.0f} rows/s   "
    asked = look.requests_per_second
    requests = "" if asked is None else f"{asked:,.1f} requests/s   "
    processes = sum(len(one["processes"]) for one in look.workers)
    memory = sum(one["memory"] for one in look.workers)
    waiting, running = look.of("scorelane_waiting_jobs"), look.of("scorelane_running_jobs")
    first = Text(f"{url}   {now:%Y-%m-%d %H:%M:%S} UTC", style="bold")
    return Text("\n").join(
        [
            first,
            Text(
                f"{rate}{requests}{_many(len(look.workers), 'worker')}, "
                f"{_many(processes, 'process', 'processes')}, {_size(memory)}   "
                f"{_many(round(running), 'job')} in work, {waiting:,.0f} waiting"
            ),
        ]
    )


def _models(look: ServiceSnapshot) -> Table | Text:
    table = _table(
        "model", right=("processes", "rows/s each", "rows waiting", "in work", "small", "oldest")
    )
    for model in look.models:
        rate = look.of("scorelane_model_rows_per_second", *model)
        processes = look.of("scorelane_model_processes", *model)
        table.add_row(
            "@".join(model),
            Text(f"{processes:,.0f}", style="" if processes else "bold red"),
            f"{rate:,.0f}" if rate else "",
            f"{look.of('scorelane_waiting_rows', *model):,.0f}",
            f"{look.of('scorelane_running_rows', *model):,.0f}",
            f"{look.of('scorelane_waiting_jobs', *model, 'small'):,.0f}",
            _age(look.queue_age(*model)),
        )
    return _or_else(table, "No model is served.")


def _workers(look: ServiceSnapshot, now: datetime) -> Table | Text:
    table = _table("worker", "release", right=("up", "processes", "memory", "rows", "rows/s"))
    for one in look.workers:
        rate = look.rates.get(one["name"])
        table.add_row(
            one["name"],
            one["release"],
            _age((now - datetime.fromisoformat(one["started_at"])).total_seconds()),
            str(len(one["processes"])),
            _size(one["memory"]),
            f"{one['rows']:,}",
            "" if rate is None else f"{rate:,.0f}",
        )
    return _or_else(table, "No worker lives. Jobs wait until one does.")


def _jobs(look: ServiceSnapshot) -> Table | Text:
    table = _table("job", "state", "model", right=("rows done", "of", "done", "rows/s", "left"))
    for job in look.jobs:
        rows = job["rows"]
        total, rate, left = rows["total"], job["rows_per_second"], job["eta_seconds"]
        table.add_row(
            job["id"],
            job["state"],
            job["model"]["name"],
            f"{rows['completed'] + rows['failed']:,}",
            "" if total is None else f"{total:,}",
            f"{job['progress']:.0%}",
            f"{rate:,.0f}" if rate else "",
            "" if left is None else _age(left),
        )
    if len(look.jobs) == MOST_JOBS:
        table.add_row("...")
    return _or_else(table, "No job waits or runs.")


def _table(*columns: str, right: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _or_else(table: Table, said: str) -> Table | Text:
    return table if table.row_count else Text(said, style="dim")


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def _size(count: float) -> str:
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def _age(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds else ""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours}:{minutes:02}:{seconds:02}"
    return f"{days} d {clock}" if days else clock
