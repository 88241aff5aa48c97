"""Jobs of one row, submitted and polled, against one Celery task per job."""

import json
import time
from collections.abc import Iterator
from itertools import count, cycle

from benchmarks import reviews
from benchmarks.cores import cores_of
from benchmarks.load import Client, request, run_clients
from benchmarks.reference_servers import web
from benchmarks.report import Options, Table, faster, interleave, within
from benchmarks.service import Running, service
from benchmarks.small_jobs import SmallJobs, TaskPerJob, Way, drain, round_trip, task_per_job

MODEL = "fast"
TOLERANCE = 1e-9

#: The minimum ratio of the rates of draining a queue, and the maximum extra milliseconds when idle.
DRAIN_FLOOR = 8.0
MORE_MS = 1.0

#: The minimum ratio of the rates of jobs by HTTP.
HTTP_FLOOR = 3.0

#: Seconds between two polls of a job over HTTP, and the number of clients.
POLL_SECONDS = 0.01
CLIENTS = 16


def run(options: Options) -> list[Table]:
    """Measure queue and workers without HTTP, and then the whole service by HTTP."""
    texts = reviews.chosen(options, 1000 if options.quick else 5000)
    with (
        service(env={"SCORELANE_SERVE": MODEL}) as running,
        task_per_job(running, MODEL) as (reference, env),
        web("benchmarks.references.task_per_job:make_web()", env) as url,
    ):
        ours = SmallJobs(running, MODEL)
        return [
            _by_queue(running, ours, reference, texts, options),
            _by_http(running.url, url, texts, options),
        ]


def _by_queue(
    running: Running, ours: SmallJobs, reference: TaskPerJob, texts: list[str], options: Options
) -> Table:
    """Measure queue and workers without HTTP."""
    rounds, trips = (1, 50) if options.quick else (3, 300)
    table = Table(f"One-row jobs in the queue, {MODEL}", ("", "ours", "task per job"))
    scores: dict[str, list[float]] = {}

    def drained(name: str, way: Way) -> float:
        rate, jobs = drain(way, texts)
        scores[name] = [way.score(job) for job in jobs[:100]]
        return rate

    # Warm-up: creates connections and loads scripts.
    ways: dict[str, Way] = {"ours": ours, "reference": reference}
    for way in ways.values():
        drain(way, texts[:100])
    rates = interleave(
        {
            "ours": lambda: drained("ours", ours),
            "reference": lambda: drained("reference", reference),
        },
        rounds,
    )
    what = f"{len(texts):,} waiting jobs drained"
    table.rows.append(
        faster(what, rates["ours"], rates["reference"], unit="jobs/s", floor=DRAIN_FLOOR)
    )
    table.check(
        all(abs(a - b) <= TOLERANCE for a, b in zip(*scores.values(), strict=True)),
        "the score of a job is not that of the same text's task",
    )

    turns = cycle(texts)
    alone = interleave(
        {
            "ours": lambda: 1000 * round_trip(ours, next(turns)),
            "reference": lambda: 1000 * round_trip(reference, next(turns)),
        },
        trips,
    )
    table.rows.append(
        within(
            "one job alone, from submitting to its score",
            alone["ours"],
            MORE_MS,
            unit="ms",
            reference=alone["reference"],
        )
    )
    table.notes += _costs(running, ours, texts)
    return table


def _costs(running: Running, ours: SmallJobs, texts: list[str]) -> Iterator[str]:
    """The Redis commands and processor time per job in a full queue, as notes."""
    with running.redis() as redis:
        redis.config_resetstat()
        with cores_of(running) as used:
            began = time.perf_counter()
            drain(ours, texts)
            seconds = time.perf_counter() - began
        calls = {
            name.removeprefix("cmdstat_"): stat["calls"] / len(texts)
            for name, stat in redis.info("commandstats").items()
        }
    often = sorted(calls.items(), key=lambda call: -call[1])
    listed = ", ".join(f"{name} {each:.2f}" for name, each in often if each >= 0.1)
    yield f"Redis commands per job, including submitting and polling: {listed}"
    micros = {name: cores * seconds / len(texts) * 1e6 for name, cores in used.items()}
    yield "processor time per job: " + ", ".join(
        f"{program} {us:.0f} us" for program, us in micros.items()
    )


def _by_http(ours: str, reference: str, texts: list[str], options: Options) -> Table:
    """Measure the rate of clients that submit a job and poll it until it has ended."""
    rounds, seconds = (1, 2.0) if options.quick else (5, 5.0)
    table = Table(
        f"One-row jobs by HTTP: POST /jobs, then GET every {POLL_SECONDS * 1000:g} ms, {MODEL}",
        ("clients", "ours", "task per job"),
    )

    def rate(url: str) -> float:
        ended: list[float] = []
        load = run_clients(
            url, [_client(texts, 13 * n, ended) for n in range(CLIENTS)], seconds=seconds
        )
        failed = {status: n for status, n in load.statuses.items() if status not in (200, 202)}
        table.check(not failed and bool(ended), f"{url}: answers with status {failed}")
        return len(ended) / load.seconds

    rates = interleave({"ours": lambda: rate(ours), "reference": lambda: rate(reference)}, rounds)
    table.rows.append(
        faster(f"{CLIENTS}", rates["ours"], rates["reference"], unit="jobs/s", floor=HTTP_FLOOR)
    )
    return table


def _client(texts: list[str], first: int, ended: list[float]) -> Client:
    """Submit one job after another, and poll each until it has its score."""
    for number in count(first):
        body = json.dumps({"ref": [1], "text": [texts[number % len(texts)]]}).encode()
        answer = yield request("POST", "/jobs", body)
        look = request("GET", f"/jobs/{json.loads(answer.body)['id']}")
        state = ""
        while state.lower() not in ("succeeded", "success"):
            answer = yield time.perf_counter() + POLL_SECONDS, look
            state = json.loads(answer.body)["state"]
        ended.append(time.perf_counter())
