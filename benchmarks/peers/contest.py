"""Compares peers: bulk scoring of a CSV by all, and requests of one text to the servers."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from benchmarks import reviews
from benchmarks.bulk import FAST, PROCESSES, differences, numbers, program
from benchmarks.peers.cost import (
    OURS,
    Family,
    cost_table,
    interleaved,
    pids_of,
    requests_of_ours,
    started_from_now_on,
    trees,
)
from benchmarks.peers.environments import HERE, PEERS, python_of, version_of
from benchmarks.peers.one_text import of_one_text
from benchmarks.peers.serving import Server, asleep, awake, litserve, mlserver, score_csv
from benchmarks.report import Options, Table, faster
from benchmarks.service import Running, service
from benchmarks.transfer import transfer
from shared.model import SCORE

SCRIPT = "script, two processes"
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
        stack.enter_context(asleep(servers.values()))
        return [*_bulk(options, folder, ours, servers), *of_one_text(options, ours, servers)]


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
            trees(pids_of(ours), client=True),
        ),
    }
    for peer in ("ray_data", "dask_frame", "polars_script"):
        target = targets[PEERS[peer]]
        contestants[PEERS[peer]] = (_framework(peer, rows, source, target), started)
    for name, server in servers.items():
        run_client = awake(server, _client(server, rows, source, targets[name]))
        contestants[name] = (run_client, trees([server.pid], client=True))
    rates, meter = interleaved(contestants, rounds)

    title = f"Bulk with `fast`: {rows:,} rows, CSV to CSV, two processes each"
    table = Table(title, ("", "rate", SCRIPT))
    table.notes = [f"{rounds} interleaved rounds. " + ", ".join(map(version_of, PEERS))]
    for name, target in targets.items():
        table.rows.append(faster(name, rates[name], rates[SCRIPT]))
        for what in differences(target, script, FAST):
            table.check(holds=False, otherwise=f"{name}: {what}")
    cost = cost_table("1,000,000 rows", meter, dict.fromkeys(contestants, 1000000.0 / rows), SCRIPT)
    cost.notes = ["Scripts and frameworks with their start, servers with their client."]
    cost.rows += requests_of_ours(ours, contestants[OURS][0], 1e6 / rows)
    return [table, cost]


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
