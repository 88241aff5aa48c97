"""Requests of one text to Scorelane, to the servers of the peers and to the article's design."""

import json
from collections.abc import Callable
from itertools import cycle
from statistics import median

from benchmarks import reviews
from benchmarks.load import Load, repeat, request, run_clients
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
from benchmarks.peers.serving import Server, awake
from benchmarks.reference_servers import web
from benchmarks.report import Options, Row, Table, faster, quicker
from benchmarks.service import Running
from shared.config.places import BUNDLED_MODELS

ARTICLE = "article"

#: The minimum ratio of our rate of requests to that of the better peer.
RATE_FLOOR = 1.5


def of_one_text(options: Options, ours: Running, servers: dict[str, Server]) -> list[Table]:
    """Compare requests with one text: rates, waits and cost, with the article's design as well."""
    rounds, seconds = (1, 1.0) if options.quick else (3, 5.0)
    texts = reviews.chosen(options, 256)
    table = Table("Requests of one text, with `fast`", ("clients", "requests/s", ARTICLE))
    best = Table("Requests of one text, against the better peer", ("clients", OURS, "better peer"))
    app = f'benchmarks.references.article_app:make_app("{BUNDLED_MODELS / "fast"}")'
    costs = []
    started = started_from_now_on()
    with web(app) as article:
        servers_of: dict[str, tuple[str, Callable[[list[str]], bytes], Family]] = {
            ARTICLE: (article, _sentiment, started),
            OURS: (ours.url, _sentiment, trees(pids_of(ours))),
        }
        for name, server in servers.items():
            servers_of[name] = (server.url, server.request, trees([server.pid]))
        for clients in (1, 16, 64):
            loads: dict[str, list[Load]] = {name: [] for name in servers_of}
            contestants = {}
            for name, (url, make, family) in servers_of.items():
                requests = [make([text]) for text in texts]
                load = _load(url, requests, clients, seconds, loads[name])
                contestants[name] = (
                    (awake(servers[name], load) if name in servers else load),
                    family,
                )
            rates, meter = interleaved(contestants, rounds)
            best.rows += _against_the_better(clients, loads, list(servers))
            if clients == 1:
                continue
            for name in (OURS, *servers):
                what = f"{clients}: {name}"
                table.rows.append(faster(what, rates[name], rates[ARTICLE], unit="requests/s"))
            a_thousand = {name: 1000 / (median(rates[name]) * seconds) for name in servers_of}
            title = f"1,000 requests of one text, {clients} clients"
            cost = cost_table(title, meter, a_thousand, ARTICLE)
            cost.rows += requests_of_ours(ours, contestants[OURS][0], a_thousand[OURS])
            costs.append(cost)
    return [table, best, *costs]


def _against_the_better(clients: int, loads: dict[str, list[Load]], peers: list[str]) -> list[Row]:
    """Our rate, median and p99 next to those of the peer that is better at each."""

    def all_of(name: str, figure: Callable[[Load], float]) -> list[float]:
        return [figure(load) for load in loads[name]]

    rows = []
    if clients > 1:
        peer = max(peers, key=lambda name: median(all_of(name, _rate)))
        what, ours, theirs = f"{clients}: requests", all_of(OURS, _rate), all_of(peer, _rate)
        rows.append(faster(what, ours, theirs, unit="requests/s", floor=RATE_FLOOR, note=peer))
    for what, figure, floor in (("median", _median, None), ("p99", _p99, 1.0)):
        peer = min(peers, key=lambda name: median(all_of(name, figure)))
        ours, theirs = all_of(OURS, figure), all_of(peer, figure)
        rows.append(quicker(f"{clients}: {what}", ours, theirs, floor=floor, note=peer))
    return rows


def _rate(load: Load) -> float:
    return load.rate


def _median(load: Load) -> float:
    """The median wait in milliseconds."""
    return 1000 * load.percentile(50)


def _p99(load: Load) -> float:
    """The wait in milliseconds that 99 % of the requests did not exceed."""
    return 1000 * load.percentile(99)


def _load(
    url: str, requests: list[bytes], clients: int, seconds: float, loads: list[Load]
) -> Callable[[], float]:
    """Make a function that loads a server with clients and returns requests per second.

    Each client sends one request after another. The load is added to `loads`.
    """

    def run_once() -> float:
        # Each client starts at another text, so that no two send the same text at the same time.
        turns = [
            cycle(requests[3 * number :] + requests[: 3 * number]) for number in range(clients)
        ]
        load = run_clients(url, [repeat(turn.__next__) for turn in turns], seconds=seconds)
        if set(load.statuses) != {200}:
            raise RuntimeError(f"{url} answered {dict(load.statuses)}")
        loads.append(load)
        return load.rate

    return run_once


def _sentiment(texts: list[str]) -> bytes:
    """A request in the article's format, which is Scorelane's format too."""
    body = json.dumps({"ref": list(range(1, len(texts) + 1)), "text": texts})
    return request("POST", "/sentiment", body.encode())
