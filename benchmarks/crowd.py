"""Five hundred clients at once for a minute: the responses, and the resources in use afterwards."""

import json
from collections import Counter
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks import reviews
from benchmarks.load import Client, Load, request, run_clients
from benchmarks.report import Options, Table, figure, within
from benchmarks.service import Running, service

CLIENTS = 500

MODEL = "fast"

#: The statuses that a client may get: done, accepted, or no capacity now.
EXPECTED = {200, 202, 429, 503}

#: The maximum growth of the API's open files: each thread that was busy keeps its pooled
#: connections to Redis. A leak would be proportional to the number of requests, which is far
#: larger.
POOLED = 150.0

#: The maximum growth of the API's memory from the end of the warm-up to the end of the run, in MB.
GROWTH_MB = 30.0


def run(options: Options) -> list[Table]:
    """Warm up for a tenth of the time, so that pools are filled; then measure growth under load."""
    clients, seconds = (50, 5.0) if options.quick else (CLIENTS, 60.0)
    table = Table(f"{clients} clients at once for {seconds:g} s, {MODEL}", ("", "ours", ""))
    texts = reviews.chosen(options, 1000)
    with service(env={"SCORELANE_SERVE": MODEL}) as running:
        counts: Counter[str] = Counter()
        _crowd(running, texts, clients, seconds / 10, counts, table)
        before = _resources(running)
        load = _crowd(running, texts, clients, seconds, counts, table)
        after = _resources(running)
    table.rows.append(figure("requests answered", load.rate, unit="a second"))
    table.rows.append(figure("median latency", load.percentile(50) * 1000, unit="ms"))
    table.rows.append(figure("latency, p99", load.percentile(99) * 1000, unit="ms"))
    for what in ("files", "connections"):
        grown = after[what] - before[what]
        most = POOLED if what == "files" else 0.0
        table.rows.append(within(f"{what} of the API more than before", grown, most, unit=""))
        table.check(grown <= most, f"{grown:g} {what} are left open")
    grown = after["MB"] - before["MB"]
    table.rows.append(within("memory of the API more than before", grown, GROWTH_MB, unit="MB"))
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(load.statuses.items()))
    table.notes.append(f"answers by status: {statuses}; a job each: {counts['jobs']:,} jobs")
    for status in set(load.statuses) - EXPECTED:
        table.wrong.append(f"{load.statuses[status]} requests were answered {status}")
    return [table]


def _crowd(
    running: Running,
    texts: list[str],
    clients: int,
    seconds: float,
    counts: Counter[str],
    table: Table,
) -> Load:
    each = [_client(texts[at % len(texts)], at, counts, table) for at in range(clients)]
    return run_clients(running.url, each, seconds=seconds)


def _client(text: str, number: int, counts: Counter[str], table: Table) -> Client:
    """Score a text synchronously, then submit it as a job and poll that to its end; repeat."""
    body = json.dumps({"ref": [number], "text": [text]}).encode()
    question, submit = request("POST", "/sentiment", body), request("POST", "/jobs", body)
    while True:
        answer = yield question
        if answer.status == 200:
            [row] = json.loads(answer.body)
            table.check(row["ref"] == number, f"the answer to {number} is another's: {row}")
        answer = yield submit
        if answer.status != 202:
            continue
        counts["jobs"] += 1
        job: dict[str, Any] = json.loads(answer.body)
        follow = request("GET", f"/jobs/{job['id']}")
        while job["state"] in ("queued", "running"):
            answer = yield follow
            if answer.status == 200:
                job = json.loads(answer.body)
        table.check(job["rows"]["completed"] == 1, f"a job of one row: {job['detail']}")


def _resources(running: Running) -> dict[str, float]:
    """The open files, client connections and memory in MB of the processes of the API."""
    resources = {"files": 0.0, "connections": 0.0, "MB": 0.0}
    for pid in running.pids["api"]:
        process = psutil.Process(pid)
        resources["files"] += process.num_fds()
        resources["connections"] += sum(
            one.status == "ESTABLISHED" for one in _http(process, running)
        )
        resources["MB"] += process.memory_info().rss / 1e6
    return resources


def _http(process: Any, running: Running) -> list[Any]:
    return [one for one in process.net_connections("tcp") if one.laddr.port == running.port]
