"""Five hundred clients at once for a minute: what they are answered, and what they leave behind."""

import json
from collections import Counter
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks import reviews
from benchmarks.load import Client, Load, ask, request
from benchmarks.report import Options, Table, figure, within
from benchmarks.service import Running, service

CLIENTS = 500

MODEL = "fast"

#: What a client may be told: done, accepted, or that there is no room now.
INTENDED = {200, 202, 429, 503}

#: Files that the API may have open more than before: its threads keep a connection to Redis of each
#: kind, once so many of them have been busy together. A leak would be of as many as were asked for.
POOLED = 150.0

#: The API may hold so much more memory after the crowd than after a tenth of its time, in MB.
GROWTH_MB = 30.0


def run(options: Options) -> list[Table]:
    """Let the crowd in for a tenth of the time first, so that what is made once is there."""
    clients, seconds = (50, 5.0) if options.quick else (CLIENTS, 60.0)
    table = Table(f"{clients} clients at once for {seconds:g} s, {MODEL}", ("", "ours", ""))
    texts = reviews.chosen(options, 1000)
    with service(env={"SCORELANE_SERVE": MODEL}) as running:
        told: Counter[str] = Counter()
        _crowd(running, texts, clients, seconds / 10, told, table)
        before = _held(running)
        load = _crowd(running, texts, clients, seconds, told, table)
        after = _held(running)
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
    said = ", ".join(f"{status}: {count:,}" for status, count in sorted(load.statuses.items()))
    table.notes.append(f"answers by status: {said}; a job each: {told['jobs']:,} jobs")
    for status in set(load.statuses) - INTENDED:
        table.wrong.append(f"{load.statuses[status]} requests were answered {status}")
    return [table]


def _crowd(
    running: Running,
    texts: list[str],
    clients: int,
    seconds: float,
    told: Counter[str],
    table: Table,
) -> Load:
    each = [_client(texts[at % len(texts)], at, told, table) for at in range(clients)]
    return ask(running.url, each, seconds=seconds)


def _client(text: str, number: int, told: Counter[str], table: Table) -> Client:
    """Asks for a text, submits it as a job, and follows that to its end, time and again."""
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
        told["jobs"] += 1
        job: dict[str, Any] = json.loads(answer.body)
        follow = request("GET", f"/jobs/{job['id']}")
        while job["state"] in ("queued", "running"):
            answer = yield follow
            if answer.status == 200:
                job = json.loads(answer.body)
        table.check(job["rows"]["completed"] == 1, f"a job of one row: {job['detail']}")


def _held(running: Running) -> dict[str, float]:
    """What the processes of the API hold, when their clients have left."""
    held = {"files": 0.0, "connections": 0.0, "MB": 0.0}
    for pid in running.pids["api"]:
        process = psutil.Process(pid)
        held["files"] += process.num_fds()
        held["connections"] += sum(one.status == "ESTABLISHED" for one in _http(process, running))
        held["MB"] += process.memory_info().rss / 1e6
    return held


def _http(process: Any, running: Running) -> list[Any]:
    return [one for one in process.net_connections("tcp") if one.laddr.port == running.port]
