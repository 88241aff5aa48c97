"""Clients that promote and roll back at the same time, while jobs run and when Redis is wiped."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from redis import Redis
from support.changing_models import NAME, SHORT, ChangingModels
from support.faulty import Faulty
from support.waiting import wait_for

from shared.model import SCORE

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]

CLIENTS, CHANGES = 16, 6


class Versions:
    """A service with three versions of one model, which give different scores."""

    def __init__(self, start: Start, folder: Path, pace: float = 0.0, **settings: str) -> None:
        self.service = start(**(SHORT | settings), processes="2")
        self.models = ChangingModels(self.service, folder / "moody", 0.25, pace)
        self.scores = {self.models.put(0.5): 0.5, self.models.put(0.75): 0.75}
        worker = self.service.start_worker()
        self.service.wait_ready()
        self.models.wait_served(list(self.scores)[-1])
        for one in self.service.client.get("/models").json()["versions"]:
            self.scores.setdefault(f"{NAME}@{one['version']}", 0.25)
        self.worker = worker

    def promote(self, full_name: str) -> Any:
        version = full_name.partition("@")[2]
        path = f"/models/{NAME}/aliases/champion"
        return self.service.client.put(path, params={"version": version})

    def roll_back(self) -> Any:
        return self.service.client.post(f"/models/{NAME}/rollback")

    def ask(self) -> Any:
        return self.service.client.post("/score", params={"model": NAME}, json={"text": ["well"]})


def test_16_clients_race_promote_and_rollback(
    start: Start, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    """No request for the champion is refused, and each row is scored by the version it names.

    Every change begins with the version at which the one before it ended, and the audit has all.
    """
    versions = Versions(start, tmp_path)
    names = sorted(versions.scores)
    assert len(names) == 3
    versions.promote(names[0]).raise_for_status()
    is_over, jobs = Event(), []

    def change(seed: int) -> int:
        dice, made = random.Random(seed), 0  # noqa: S311  nothing is secret
        while made < CHANGES:
            answer = (
                versions.roll_back()
                if dice.random() < 0.5
                else versions.promote(dice.choice(names))
            )
            assert answer.status_code in (200, 409), answer.text
            if answer.status_code == 409:
                assert "no-former-champion" in answer.text
            made += answer.status_code == 200
        return made

    def ask() -> int:
        asked = 0
        while not is_over.is_set() or not asked:
            answer = versions.ask()
            assert answer.status_code == 200, answer.text
            assert answer.json()[0][SCORE] == versions.scores[answer.headers["Scorelane-Model"]]
            asked += 1
        return asked

    def submit() -> int:
        while not is_over.is_set() or not jobs:
            jobs.append(versions.service.submit_rows(2_000))
        return len(jobs)

    with ThreadPoolExecutor(CLIENTS + 3) as threads:
        others = [threads.submit(one) for one in (ask, ask, submit)]
        try:
            made = sum(threads.map(change, range(CLIENTS)))
        finally:
            is_over.set()
        asked = others[0].result() + others[1].result()
        others[2].result()
    for job in jobs:
        named = versions.service.job(job.location)["model"]
        versions.models.check(job, versions.scores[f"{named['name']}@{named['version']}"])
    audit = versions.service.client.get(f"/models/{NAME}/audit?limit=1000").json()["changes"][::-1]
    assert [one["number"] for one in audit] == list(range(1, made + 2))
    assert all(earlier["after"] == later["before"] for earlier, later in pairwise(audit))
    assert versions.models.current() == f"{NAME}@{audit[-1]['after']}"
    measured(f"{made} changes, {asked} questions, {len(jobs)} jobs, 0 refused")


def test_a_wiped_redis_does_not_change_the_champion(start: Start, tmp_path: Path) -> None:
    """A request is answered by the champion or refused, but never scored by another version."""
    versions = Versions(start, tmp_path)
    champion = next(name for name, score in versions.scores.items() if score == 0.25)
    versions.promote(champion).raise_for_status()
    before = versions.service.client.get(f"/models/{NAME}/audit").json()
    for _ in range(3):
        with Redis.from_url(versions.service.env["SCORELANE_REDIS_URL"]) as redis:
            redis.flushall()
        answers = [versions.ask()]
        while answers[-1].status_code != 200:
            answers.append(versions.ask())
        assert {one.status_code for one in answers} <= {200, 503}
        assert answers[-1].headers["Scorelane-Model"] == champion
        assert answers[-1].json()[0][SCORE] == 0.25
        assert versions.service.client.get(f"/models/{NAME}/audit").json() == before
    assert versions.worker.poll() is None


def test_a_version_is_removed_while_its_job_runs(start: Start, tmp_path: Path) -> None:
    """Only by force, and then the job says why it failed; the workers let the version go.

    It is served again on request, from the folder that is still there.
    """
    versions = Versions(start, tmp_path, replaced_seconds="0.5", pace=0.002)
    client, models = versions.service.client, versions.models
    name = next(name for name, score in versions.scores.items() if score == 0.25)
    rows = versions.service.rows(20_000).to_csv(index=False).encode()
    location = versions.service.submit(rows, model=name)
    versions.service.wait_for_rows(location, 1)
    path = f"/models/{NAME}/versions/{name.partition('@')[2]}"
    assert client.delete(path).status_code == 409
    assert client.delete(path, params={"force": "true"}).json()["failed_jobs"] == 1
    ended = versions.service.wait_for_end(location)
    assert ended["state"] == "failed"
    assert f"{name} was removed" in ended["error"]
    wait_for(lambda: name not in models.serving())
    client.put(path).raise_for_status()
    wait_for(lambda: name in models.serving())
    models.hurry()
    versions.promote(name).raise_for_status()
    assert versions.ask().json()[0][SCORE] == 0.25
