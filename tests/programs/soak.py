"""`make soak`: runs a mixed load while programs are killed at random, and checks every row.

It prints the numbers of rows in and out, the errors, and the memory over time. The exit status is 1
if a row was lost, repeated or wrong.
"""

import argparse
import logging
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from redis import Redis
from redis.exceptions import RedisError
from support.faulty import Faulty, faulty
from support.hostile_model import RAISES, checksum_score
from support.programs import kill

logger = logging.getLogger("soak")

#: The maximum number of rows of a bulk job and of a small job.
BULK_ROWS, SMALL_ROWS = 60_000, 200

#: The minimum and maximum seconds between two faults.
FAULT_SECONDS = (5.0, 20.0)

#: Seconds between two measurements of memory.
SAMPLE_SECONDS = 10.0

#: The maximum seconds deadline the end of a job.
JOB_SECONDS = 600.0


@dataclass
class Totals:
    """The counts, errors and memory samples of a run; safe to use from several threads."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory: list[dict[str, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str, count: int = 1) -> None:
        """Add to a count."""
        with self.lock:
            self.counts[what] += count

    def report_error(self, what: str) -> None:
        """Record and log an error."""
        logger.error("%s", what)
        with self.lock:
            self.wrong.append(what)


class Soak:
    """A service under load, with faults."""

    def __init__(self, service: Faulty, seed: int) -> None:
        self.service = service
        self.totals = Totals()
        self._random = random.Random(seed)  # noqa: S311  nothing is secret
        self._over = threading.Event()
        self._workers = [service.start_worker(), service.start_worker()]
        self._url = str(service.client.base_url)

    def run(self, seconds: float) -> None:
        """Load the service and cause faults for `seconds`, then wait for the end of all jobs."""
        self.service.wait_ready()
        load = [self._bulk, self._bulk, self._small, self._small, self._ask, self._sample_memory]
        threads = [threading.Thread(target=self._until_over, args=[one]) for one in load]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(self._random.uniform(*FAULT_SECONDS), left))
            if time.monotonic() < deadline - FAULT_SECONDS[1]:
                self._break_something()
        self._over.set()
        for thread in threads:
            thread.join(JOB_SECONDS)
            if thread.is_alive():
                self.totals.report_error("a job did not end")

    def _until_over(self, step: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(base_url=self._url, timeout=60) as client:
            while not self._over.is_set():
                try:
                    step(client)
                except httpx.TransportError:
                    # The API was killed. Either nothing was accepted, or the request is repeated.
                    self.totals.add("connections cut")
                    time.sleep(0.2)

    # -- load ------------------------------------------------------------------------------

    def _bulk(self, client: httpx.Client) -> None:
        rows = self._random.randrange(1, BULK_ROWS)
        first, bad = self._random.randrange(10**6), self._random.randrange(rows)
        texts = [f"text number {row}, and no other" for row in range(first, first + rows)]
        texts[bad] = RAISES
        lines = [f"{row},{text}\n" for row, text in enumerate(texts, first)]
        # Texts contain a comma, so they need quotes.
        body = "ref,text\n" + "".join(line.replace(",", ',"', 1)[:-1] + '"\n' for line in lines)
        headers = {"Content-Type": "text/csv"}
        answer = client.post("/jobs", content=body.encode(), headers=headers)
        self._follow(client, answer, [str(first + row) for row in range(rows)], texts)

    def _small(self, client: httpx.Client) -> None:
        rows = self._random.randrange(1, SMALL_ROWS)
        texts = [f"small text {self._random.random()}" for _ in range(rows)]
        answer = client.post("/jobs", json={"text": texts})
        self._follow(client, answer, [str(row + 1) for row in range(rows)], texts)

    def _ask(self, client: httpx.Client) -> None:
        text = f"a question {self._random.random()}"
        answer = client.post("/sentiment", json={"ref": [1], "text": [text]})
        self.totals.add(f"questions answered {answer.status_code}")
        if answer.status_code == 200:
            [row] = answer.json()
            if row.get("Sentiment_Score") != checksum_score(text):
                self.totals.report_error(f"a question got {row}")

    def _follow(
        self, client: httpx.Client, accepted: httpx.Response, refs: list[str], texts: list[str]
    ) -> None:
        """If a job was accepted, wait for its end and compare every row."""
        if accepted.status_code != 202:
            self.totals.add(f"submissions answered {accepted.status_code}")
            return
        self.totals.add("jobs")
        self.totals.add("rows in", len(refs))
        location, deadline = accepted.headers["Location"], time.monotonic() + JOB_SECONDS
        while True:
            with suppress(httpx.TransportError):
                answer = client.get(location)
                if answer.status_code == 200 and answer.json()["state"] not in (
                    "queued",
                    "running",
                ):
                    break
                if answer.status_code not in (200, 503):
                    self.totals.report_error(f"{location}: {answer.status_code} {answer.text}")
                    return
            if time.monotonic() > deadline:
                self.totals.report_error(f"{location} did not end")
                return
            time.sleep(0.1)
        if answer.json()["state"] != "succeeded":
            self.totals.report_error(f"{location}: {answer.json()['detail']}")
            return
        self._compare(location, self._results(client, location), refs, texts)

    def _results(self, client: httpx.Client, location: str) -> list[list[str]]:
        while True:
            with suppress(httpx.TransportError):
                answer = client.get(f"{location}/results")
                if answer.status_code == 200:
                    return [line.split(",") for line in answer.text.splitlines()[1:]]
            time.sleep(0.2)

    def _compare(
        self, location: str, rows: list[list[str]], refs: list[str], texts: list[str]
    ) -> None:
        self.totals.add("rows out", len(rows))
        found = [row[0] for row in rows]
        if found != refs:
            repeated = len(found) - len(set(found))
            lost = len(set(refs) - set(found))
            self.totals.report_error(
                f"{location}: {lost} rows lost, {repeated} repeated, or out of order"
            )
            return
        for row, text in zip(rows, texts, strict=True):
            good = row[2] if text == RAISES else float(row[1] or -1) == checksum_score(text)
            if not good:
                self.totals.report_error(f"{location}: the text '{text}' got {row}")
                return

    # -- faults ----------------------------------------------------------------------------

    def _break_something(self) -> None:
        fault = self._random.choice(
            [self._kill_child, self._kill_worker, self._kill_api, self._kill_redis, self._cut]
        )
        logger.info("fault: %s", fault.__name__.strip("_").replace("_", " "))
        self.totals.add(f"faults: {fault.__name__.strip('_').replace('_', ' ')}")
        fault()

    def _kill_child(self) -> None:
        with suppress(psutil.NoSuchProcess, IndexError):
            psutil.Process(self._workers[0].pid).children()[0].kill()

    def _kill_worker(self) -> None:
        kill(self._workers.pop(0))
        self._workers.append(self.service.start_worker())

    def _kill_api(self) -> None:
        kill(self.service.api)
        self.service.start_api()

    def _kill_redis(self) -> None:
        self.service.redis.kill()
        self.service.redis.wait()
        self.service.start_redis()

    def _cut(self) -> None:
        with suppress(RedisError), Redis.from_url(self.service.env["SCORELANE_REDIS_URL"]) as redis:
            redis.client_kill_filter(_type="normal", skipme=True)

    # -- memory ----------------------------------------------------------------------------

    def _sample_memory(self, _: httpx.Client) -> None:
        with suppress(psutil.NoSuchProcess):
            api = psutil.Process(self.service.api.pid)
            workers = [psutil.Process(worker.pid) for worker in list(self._workers)]
            families = {"api": [api, *api.children()], "redis": [self._redis()]}
            families["worker"] = [one for main in workers for one in [main, *main.children()]]
            sample = {
                f"{name} MB": max(one.memory_info().rss for one in family) / 1e6
                for name, family in families.items()
            }
            sample["api files"] = max(one.num_fds() for one in families["api"])
            self.totals.memory.append(sample)
        self._over.wait(SAMPLE_SECONDS)

    def _redis(self) -> psutil.Process:
        return psutil.Process(self.service.redis.pid)


def report(totals: Totals) -> None:
    """Print the counts, the memory and the errors."""
    for what, count in sorted(totals.counts.items()):
        print(f"{count:>12,}  {what}")
    quarter = max(len(totals.memory) // 4, 1)
    for name in totals.memory[0] if totals.memory else ():
        first = max(sample[name] for sample in totals.memory[:quarter])
        last = max(sample[name] for sample in totals.memory[-quarter:])
        print(f"{first:>12,.0f}  {name} at most in the first quarter, {last:,.0f} in the last")
    print(
        f"{len(totals.wrong):>12,}  wrong"
        + "".join(f"\n              {one}" for one in totals.wrong)
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with (
        tempfile.TemporaryDirectory(prefix="scorelane-") as folder,
        # The model takes 0.25 s for 10,000 rows; jobs are kept for a minute.
        faulty(Path(folder), Path(folder), retention_seconds="60", part_seconds="0.3") as service,
    ):
        soak = Soak(service, options.seed)
        soak.run(options.minutes * 60)
        report(soak.totals)
    sys.exit(bool(soak.totals.wrong))


if __name__ == "__main__":
    main()
