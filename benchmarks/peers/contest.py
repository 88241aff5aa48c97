"""Compares peers: bulk scoring of a CSV by all, and requests of one row to the servers."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from statistics import median

import pandas as pd
import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks import reviews
from benchmarks.bulk import FAST, PROCESSES, commands_of, differences, numbers, program
from benchmarks.load import repeat, request, run_clients
from benchmarks.peers.cost import Family, Meter, started_from_now_on, trees
from benchmarks.peers.environments import HERE, PEERS, python_of, version_of
from benchmarks.peers.serving import Server, litserve, mlserver, score_csv
from benchmarks.reference_servers import web
from benchmarks.report import Options, Row, Table, faster, figure, interleave, quicker
from benchmarks.service import Running, service
from benchmarks.transfer import transfer
from shared.config.places import BUNDLED_MODELS
from shared.model import SCORE

OURS = "Scorelane"
SCRIPT = "script, two processes"
ARTICLE = "article"
MODEL = FAST.given


def run(options: Options) -> list[Table]:
    """Compare with the installed peers, `fast` served by all of them.

    Raises:
        benchmarks.report.BadUse: a peer is not installed.
    """
    for peer in PEERS:
        python_of(peer)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scorelane-bench-")))
        ours = stack.enter_context(service(env={"SCORELANE_SERVE": "fast"}))
        servers = {
            "LitServe": stack.enter_context(litserve(MODEL)),
            "MLServer": stack.enter_context(mlserver(MODEL)),
        }
        return [*_bulk(options, folder, ours, servers), *_requests(options, ours, servers)]


def _bulk(options: Options, folder: Path, ours: Running, servers: dict[str, Server]) -> list[Table]:
    source = folder / "texts.csv"
    rows = reviews.save(options, source, 20_000 if options.quick else 500_000)
    rounds = 1 if options.quick else 3
    script = folder / "script.csv"
    targets = {name: folder / f"{name}.csv" for name in (OURS, *PEERS.values())}
    started = started_from_now_on()
    contestants: dict[str, tuple[Callable[[], float], Family]] = {
        SCRIPT: (program(rows, FAST.script, source, script, MODEL, PROCESSES), started),
        OURS: (
            lambda: rows / transfer(ours, source, targets[OURS]).seconds,
            trees(_pids(ours), client=True),
        ),
    }
    for peer in ("ray_data", "dask_frame", "polars_script"):
        target = targets[PEERS[peer]]
        contestants[PEERS[peer]] = (_framework(peer, rows, source, target), started)
    for name, server in servers.items():
        run_client = _client(server, rows, source, targets[name])
        contestants[name] = (run_client, trees([server.pid], client=True))
    rates, meter = _interleaved(contestants, rounds)

    title = f"Bulk with `fast`: {rows:,} rows, CSV to CSV, two processes each"
    table = Table(title, ("", "rate", SCRIPT))
    table.notes = [f"{rounds} interleaved rounds. " + ", ".join(map(version_of, PEERS))]
    for name, target in targets.items():
        table.rows.append(faster(name, rates[name], rates[SCRIPT]))
        for what in differences(target, script, FAST):
            table.check(holds=False, otherwise=f"{name}: {what}")
    cost = _cost("1,000,000 rows", meter, dict.fromkeys(contestants, 1000000.0 / rows), SCRIPT)
    cost.notes = ["Scripts and frameworks with their start, servers with their client."]
    cost.rows += _requests_of_ours(ours, contestants[OURS][0], 1e6 / rows)
    return [table, cost]


def _cost(title: str, meter: Meter, times: dict[str, float], reference: str) -> Table:
    """The processor time of each contestant; `times` says how often its run makes up the title."""
    table = Table(f"Processor time for {title}", ("", "processor time", reference))
    seconds = {name: each * meter.seconds(name) for name, each in times.items()}
    for name in times:
        if name != reference:
            table.rows.append(quicker(name, seconds[name], seconds[reference], unit="s"))
    return table


def _requests_of_ours(ours: Running, run: Callable[[], float], times: float) -> list[Row]:
    """What a run makes Scorelane ask of Redis and of the disk; the peers need neither."""
    commands, written = commands_of(ours), _written(ours)
    run()
    return [
        figure(f"{OURS}: Redis commands", times * (commands_of(ours) - commands), unit=""),
        figure(f"{OURS}: written to files", times * (_written(ours) - written) / 1e6, unit="MB"),
    ]


def _written(ours: Running) -> int:
    """The bytes that the service's programs have written to the disk so far."""
    return sum(psutil.Process(pid).io_counters().write_bytes for pid in _pids(ours))


def _interleaved(
    contestants: dict[str, tuple[Callable[[], float], Family]], rounds: int
) -> tuple[dict[str, list[float]], Meter]:
    """The figures of each contestant's runs, and the meter of their processes."""
    meter = Meter()
    measured = {
        name: meter.measured(name, run, family) for name, (run, family) in contestants.items()
    }
    return interleave(measured, rounds), meter


def _pids(running: Running) -> list[int]:
    return [pid for pids in running.pids.values() for pid in pids]


def _framework(peer: str, rows: int, source: Path, target: Path) -> Callable[[], float]:
    """Make a function that runs a framework's script and returns its rows per second.

    The script writes a folder of CSVs, which are joined to one CSV.
    """
    pieces = target.with_suffix("")
    command = [python_of(peer), HERE / f"{peer}.py", source, pieces, MODEL]

    def run_once() -> float:
        shutil.rmtree(pieces, ignore_errors=True)
        pieces.mkdir()
        # Ray would send usage statistics to its maker.
        env = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
        finished = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        frame = pd.concat(pd.read_csv(piece) for piece in sorted(pieces.iterdir()))
        frame[SCORE] = numbers(frame, FAST)
        # Ray Data returns rows in any order. The time for sorting is not counted.
        frame.sort_values("ref").to_csv(target, index=False)
        return rows / float(finished.stdout.split()[-1])

    return run_once


def _client(server: Server, rows: int, source: Path, target: Path) -> Callable[[], float]:
    def run_once() -> float:
        started = time.perf_counter()
        score_csv(server, source, target)
        return rows / (time.perf_counter() - started)

    return run_once


def _requests(options: Options, ours: Running, servers: dict[str, Server]) -> list[Table]:
    """Compare the rates of requests with one text with the rate of the article's design."""
    rounds, seconds = (1, 1.0) if options.quick else (3, 5.0)
    texts = reviews.chosen(options, 256)
    table = Table("Requests of one text, with `fast`", ("clients", "requests/s", ARTICLE))
    app = f'benchmarks.references.article_app:make_app("{BUNDLED_MODELS / "fast"}")'
    costs = []
    started = started_from_now_on()
    with web(app) as article:
        servers_of: dict[str, tuple[str, Callable[[list[str]], bytes], Family]] = {
            ARTICLE: (article, _sentiment, started),
            OURS: (ours.url, _sentiment, trees(_pids(ours))),
        }
        for name, server in servers.items():
            servers_of[name] = (server.url, server.request, trees([server.pid]))
        for clients in (16, 64):
            contestants = {
                name: (_load(url, [make([text]) for text in texts], clients, seconds), family)
                for name, (url, make, family) in servers_of.items()
            }
            rates, meter = _interleaved(contestants, rounds)
            for name in (OURS, *servers):
                what = f"{clients}: {name}"
                table.rows.append(faster(what, rates[name], rates[ARTICLE], unit="requests/s"))
            a_thousand = {name: 1000 / (median(rates[name]) * seconds) for name in servers_of}
            title = f"1,000 requests of one text, {clients} clients"
            cost = _cost(title, meter, a_thousand, ARTICLE)
            cost.rows += _requests_of_ours(ours, contestants[OURS][0], a_thousand[OURS])
            costs.append(cost)
    return [table, *costs]


def _load(url: str, requests: list[bytes], clients: int, seconds: float) -> Callable[[], float]:
    """Make a function that loads a server with clients and returns requests per second.

    Each client sends one request after another.
    """

    def run_once() -> float:
        # Each client starts at another text, so that no two send the same text at the same time.
        turns = [
            cycle(requests[3 * number :] + requests[: 3 * number]) for number in range(clients)
        ]
        load = run_clients(url, [repeat(turn.__next__) for turn in turns], seconds=seconds)
        if set(load.statuses) != {200}:
            raise RuntimeError(f"{url} answered {dict(load.statuses)}")
        return load.rate

    return run_once


def _sentiment(texts: list[str]) -> bytes:
    """A request in the article's format, which is Scorelane's format too."""
    body = json.dumps({"ref": list(range(1, len(texts) + 1)), "text": texts})
    return request("POST", "/sentiment", body.encode())
