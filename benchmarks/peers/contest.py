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

import pandas as pd

from benchmarks import reviews
from benchmarks.bulk import FAST, PROCESSES, differences, numbers, program
from benchmarks.load import repeat, request, run_clients
from benchmarks.peers.environments import HERE, PEERS, python_of, version_of
from benchmarks.peers.serving import Server, litserve, mlserver, score_csv
from benchmarks.reference_servers import web
from benchmarks.report import Options, Table, faster, interleave
from benchmarks.service import Running, service
from benchmarks.transfer import transfer
from shared.config.places import BUNDLED_MODELS
from shared.model import SCORE

OURS = "Scorelane"
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
        return [_bulk(options, folder, ours, servers), _requests(options, ours, servers)]


def _bulk(options: Options, folder: Path, ours: Running, servers: dict[str, Server]) -> Table:
    source = folder / "texts.csv"
    rows = reviews.save(options, source, 20_000 if options.quick else 500_000)
    rounds = 1 if options.quick else 3
    script = folder / "script.csv"
    targets = {name: folder / f"{name}.csv" for name in (OURS, *PEERS.values())}
    contestants: dict[str, Callable[[], float]] = {
        "script": program(rows, FAST.script, source, script, MODEL, PROCESSES),
        OURS: lambda: rows / transfer(ours, source, targets[OURS]).seconds,
    }
    for peer in ("ray_data", "dask_frame", "polars_script"):
        contestants[PEERS[peer]] = _framework(peer, rows, source, targets[PEERS[peer]])
    for name, server in servers.items():
        contestants[name] = _client(server, rows, source, targets[name])
    rates = interleave(contestants, rounds)

    title = f"Bulk with `fast`: {rows:,} rows, CSV to CSV, two processes each"
    table = Table(title, ("", "rate", "script, two processes"))
    table.notes = [f"{rounds} interleaved rounds. " + ", ".join(map(version_of, PEERS))]
    for name, target in targets.items():
        table.rows.append(faster(name, rates[name], rates["script"]))
        for what in differences(target, script, FAST):
            table.check(holds=False, otherwise=f"{name}: {what}")
    return table


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


def _requests(options: Options, ours: Running, servers: dict[str, Server]) -> Table:
    """Compare the rates of requests with one text with the rate of the article's design."""
    rounds, seconds = (1, 1.0) if options.quick else (3, 5.0)
    texts = reviews.chosen(options, 256)
    table = Table("Requests of one text, with `fast`", ("clients", "requests/s", "article"))
    app = f'benchmarks.references.article_app:make_app("{BUNDLED_MODELS / "fast"}")'
    with web(app) as article:
        contestants_of: dict[str, tuple[str, Callable[[list[str]], bytes]]] = {
            "article": (article, _sentiment),
            OURS: (ours.url, _sentiment),
        }
        contestants_of |= {name: (server.url, server.request) for name, server in servers.items()}
        for clients in (16, 64):
            contestants = {
                name: _load(url, [make([text]) for text in texts], clients, seconds)
                for name, (url, make) in contestants_of.items()
            }
            rates = interleave(contestants, rounds)
            for name in (OURS, *servers):
                what = f"{clients}: {name}"
                table.rows.append(faster(what, rates[name], rates["article"], unit="requests/s"))
    return table


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
