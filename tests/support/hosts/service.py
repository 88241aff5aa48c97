"""A client that asks either of several APIs, as through a load balancer, and checks every row."""

import threading
import time
import uuid
from contextlib import suppress
from typing import Any

import httpx
import pandas as pd
from support.faulty import SentJob
from support.hostile_model import checksum_score
from support.waiting import wait_for

from shared.model import SCORE, TEXT

#: Seconds until a client takes an API for gone: until it is connected, and until it answers.
CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 15.0

#: What an API says while another one still works on the request, or has died with it.
_IN_USE = "urn:scorelane:problem:idempotency-key-in-use"

#: The statuses after which a client tries another API, and later the first one again.
PASSING = (502, 503, 504)


class Service:
    """Several APIs of one service."""

    def __init__(self, urls: list[str], answer_seconds: float = ANSWER_SECONDS) -> None:
        self.urls = urls
        timeout = httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS)
        self._clients = [httpx.Client(base_url=url, timeout=timeout) for url in urls]

    def request(self, method: str, path: str, seconds: float = 120.0, **options: Any) -> Any:
        """Ask each API in turn until one answers, and not that it cannot now.

        Args:
            method: of the request.
            path: of the request.
            seconds: the time after which to give up.
            options: of `httpx.Client.request`.
        """

        def attempt() -> httpx.Response | None:
            for client in self._clients:
                with suppress(httpx.TransportError):
                    answer = client.request(method, path, **options)
                    if answer.status_code not in PASSING and _IN_USE not in answer.text:
                        return answer
            return None

        answer = wait_for(attempt, seconds)
        assert answer.status_code < 300, answer.text
        return answer

    def is_up(self, url: str) -> bool:
        """Whether the API at an address answers."""
        with suppress(httpx.TransportError):
            return httpx.get(f"{url}/livez", timeout=CONNECT_SECONDS).status_code == 200
        return False

    def status(self, number: int, path: str) -> int:
        """The status of a GET of one API; 0 if it does not answer."""
        with suppress(httpx.TransportError):
            return self._clients[number].get(path).status_code
        return 0

    def serving(self) -> list[str]:
        """The host names of the live workers that have loaded a model."""
        workers = self.request("GET", "/workers").json()["workers"]
        return [one["host"] for one in workers if one["processes"]]

    def submit_rows(self, rows: int, first: int = 0, **options: str) -> SentJob:
        """Submit rows with different texts, numbered from `first`, as one CSV and with one key."""
        numbers = range(first, first + rows)
        texts = [f"text number {row}, and no other" for row in numbers]
        sent = pd.DataFrame({"ref": [str(row) for row in numbers], TEXT: texts})
        content = sent.to_csv(index=False).encode()
        headers = {"Content-Type": "text/csv", "Idempotency-Key": str(uuid.uuid4())}
        answer = self.request("POST", "/jobs", content=content, headers=headers, params=options)
        return SentJob(answer.headers["Location"], sent)

    def job(self, job: SentJob) -> dict[str, Any]:
        """The current state of a job."""
        return dict(self.request("GET", job.location).json())

    def rows_done(self, job: SentJob) -> int:
        """The number of rows of a job that are done."""
        return int(self.job(job)["rows"]["completed"])

    def check(self, job: SentJob, seconds: float = 600.0) -> None:
        """Wait for the end of a job, and assert that it has each row once, in order and scored."""
        ends = ("succeeded", "failed", "cancelled")
        ended = wait_for(lambda: (one := self.job(job))["state"] in ends and one, seconds)
        assert ended["state"] == "succeeded", ended["detail"]
        count = len(job.sent)
        assert ended["rows"] == {"total": count, "completed": count, "failed": 0}
        content = self.request("GET", f"{job.location}/results").text.splitlines()
        assert content[0] == f"ref,{SCORE},error"
        wanted = list(zip(job.sent["ref"], map(checksum_score, job.sent[TEXT]), strict=True))
        assert len(content) == count + 1
        for line, (ref, score) in zip(content[1:], wanted, strict=True):
            found = line.split(",")
            assert (found[0], found[2]) == (ref, "")
            assert abs(float(found[1]) - score) < 1e-9

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            client.close()


class Progress(threading.Thread):
    """Looks at the rows of a job all the time, and knows for how long none was done.

    Attributes:
        rows: the most rows that were seen done.
    """

    def __init__(self, service: Service, job: SentJob) -> None:
        super().__init__(daemon=True)
        # Short, so that an API that is cut off is not taken for a job that stands still.
        self._service, self._job = Service(service.urls, CONNECT_SECONDS), job
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._longest, self.rows, self._since = 0.0, 0, time.monotonic()

    def run(self) -> None:
        """Look until all rows are done, or `stop` is called."""
        while not self._stopped.wait(0.1):
            with suppress(AssertionError):
                rows, now = self._service.rows_done(self._job), time.monotonic()
                with self._lock:
                    if rows > self.rows:
                        self._longest = max(self._longest, now - self._since)
                        self.rows, self._since = rows, now
                if rows == len(self._job.sent):
                    break

    def begin(self) -> None:
        """Forget what was before."""
        with self._lock:
            self._longest, self._since = 0.0, time.monotonic()

    def longest(self) -> float:
        """The longest time without another row since `begin`, in seconds."""
        with self._lock:
            is_running = self.rows < len(self._job.sent)
            return max(self._longest, is_running * (time.monotonic() - self._since))

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self.join()
        self._service.close()
