"""Kill -9 of workers and their processes: usage and budgets are those of all rows, exactly."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import pytest
from support.faulty import Faulty, at_random
from support.waiting import wait_for

from api.security.keys import new_key

pytestmark = pytest.mark.faults

ROWS, KILLS = 40_000, 4

#: The rows of each question.
FEW = 5

#: More than are scored.
BUDGET = 10 * ROWS


def header(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def ask_until(stop: Event, client: httpx.Client, headers: dict[str, str]) -> tuple[int, int]:
    """Ask one question after the other; the answers that came, and the requests that got none."""
    answered = refused = 0
    while not stop.is_set():
        body = [{"text": f"question {answered} {row}"} for row in range(FEW)]
        answer = client.post("/score", json=body, headers=headers)
        answered += answer.status_code == 200
        refused += answer.status_code != 200
    return answered, refused


def used(service: Faulty, headers: dict[str, str]) -> dict[str, Any]:
    """The usage of an owner, which is also what the budget of the key has lost."""
    total = service.client.get("/usage", headers=headers).json()["total"]
    [budget] = service.client.get("/identity", headers=headers).json()["budgets"]
    assert BUDGET - budget["left"] == total["rows"]
    return dict(total)


def test_usage_is_exact(start: Callable[..., Faulty], measured: Callable[[str], None]) -> None:
    """Four kills during a job that is cancelled and retried, while others ask: usage is exact."""
    alice, alice_line = new_key("alice", "submit,read", BUDGET)
    bob, bob_line = new_key("bob", "submit,read", BUDGET)
    service = start(api_keys=f"{alice_line};{bob_line}")
    service.client.headers.update(header(alice))
    workers = [service.start_worker(), service.start_worker()]
    service.wait_ready()
    job, stop = service.submit_rows(ROWS), Event()
    with (
        ThreadPoolExecutor() as threads,
        httpx.Client(base_url=service.client.base_url, timeout=60) as other,
    ):
        asking = threads.submit(ask_until, stop, other, header(bob))
        try:
            for number, row in enumerate(at_random(ROWS * 8 // 10, KILLS, seed=4)):
                wait_for(lambda job=job, row=row: service.rows_done(job) >= row, 120)
                service.kill_in_turn(workers, number)
                if number == KILLS // 2:
                    service.client.post(f"{job.location}/cancel").raise_for_status()
                    again = service.client.post(f"{job.location}/retry").raise_for_status()
                    job = type(job)(again.headers["Location"], job.sent)
            service.check(job)
        finally:
            stop.set()
        answered, refused = asking.result()
    upload = job.sent.to_csv(index=False).encode()
    total = used(service, header(alice))
    assert (total["rows"], total["errors"]) == (ROWS, 0)
    assert total["bytes"] == len(upload) - len(upload.splitlines(keepends=True)[0])
    assert answered
    assert used(service, header(bob))["rows"] == answered * FEW
    measured(f"{KILLS} kills, {ROWS + answered * FEW:,} rows counted, {refused} unanswered")
