"""The two kinds of job store, in memory and on Redis, and how a test manipulates each."""

import copy
import time
import uuid
from typing import Any

import redis
from support.doubles.job_store import InMemoryJobStore

from shared.config.settings import Settings
from shared.jobs.state import ENDED, State
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


class InMemory:
    """The double of the job store."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store: Any = InMemoryJobStore(settings)

    def expire_leases(self) -> None:
        for record in self.store._records.values():
            record.split_lease = 0.0
            record.leases = dict.fromkeys(record.leases, 0.0)

    def end_retention(self) -> None:
        for record in self.store._records.values():
            if record.job.state in ENDED:
                record.update(finished_at=1.0)

    def make_sweep_due(self) -> None:
        self.store._due.clear()

    def under_way(self, full_name: str) -> set[tuple[str, int]]:
        """The steps that take the lanes of a model: pairs of a job and a part, or `SPLIT`."""
        return set(self.store._turns[full_name].under_way)

    def handed_out(self) -> dict[str, tuple[int, int]]:
        """By running job its parts that are handed out and not done, and those that are left."""
        return {
            job_id: (record.dispatched - len(record.done), len(record.parts) - len(record.done))
            for job_id, record in self.store._records.items()
            if record.job.state is State.RUNNING
        }

    def remember(self) -> None:
        """Copy the data, as a replica does."""
        self._copy = copy.deepcopy(self.store.__dict__)

    def go_back(self) -> None:
        """Put the copy in the place of the data, as when a replica takes over that is late."""
        self.store.__dict__.update(copy.deepcopy(self._copy))
        self.store.is_restarted = True

    def wipe(self) -> None:
        self.store.forget()


class OnRedis:
    """The job store on Redis, with a key prefix of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings.model_copy(update={"key_prefix": f"{uuid.uuid4().hex}:"})
        self._link = RedisLink(self.settings)
        self.store: Any = RedisJobStore(self._link, self.settings)

    def _keys(self, pattern: str) -> list[str]:
        return list(self._link.client.scan_iter(self._link.key(*pattern.split(":"))))

    def expire_leases(self) -> None:
        client = self._link.client
        for key in self._keys("job:*:leases"):
            client.zadd(key, dict.fromkeys(client.zrange(key, 0, -1), 0))
        for job_id in client.zrange(self._link.key("jobs", "active"), 0, -1):
            client.hset(self._link.key("job", job_id), "split_lease", 0)

    def end_retention(self) -> None:
        ended, client = self._link.key("jobs", "ended"), self._link.client
        if found := client.zrange(ended, 0, -1):
            client.zadd(ended, dict.fromkeys(found, 0))

    def make_sweep_due(self) -> None:
        self._link.client.delete(self._link.key("done", "sweep"))

    def under_way(self, full_name: str) -> set[tuple[str, int]]:
        """The steps that take the lanes of a model: pairs of a job and a part, or `SPLIT`."""
        steps = self._link.client.smembers(self._link.key("lanes", full_name))
        return {(step.split()[0], int(step.split()[1])) for step in steps}

    def handed_out(self) -> dict[str, tuple[int, int]]:
        """By running job its parts that are handed out and not done, and those that are left."""
        found = {}
        for job_id in self._link.client.zrange(self._link.key("jobs", "active"), 0, -1):
            fields = ("state", "dispatched", "parts", "done")
            state, *counts = self._link.client.hmget(self._link.key("job", job_id), fields)
            if state == State.RUNNING:
                dispatched, parts, done = map(int, counts)
                found[job_id] = dispatched - done, parts - done
        return found

    def remember(self) -> None:
        """Copy the data, as a replica does."""
        client = self._link.client
        with redis.Redis.from_url(self.settings.redis_url) as raw:
            self._copy = {key: (raw.dump(key), client.pttl(key)) for key in self._keys("*")}

    def go_back(self) -> None:
        """Put the copy in the place of the data, as when a replica takes over that is late."""
        self.wipe()
        with redis.Redis.from_url(self.settings.redis_url) as raw:
            for key, (content, lifetime) in self._copy.items():
                raw.restore(key, max(lifetime, 0), content)
            raw.hset(self._link.key("server"), mapping={"id": "another", "seen": time.time()})

    def wipe(self) -> None:
        if keys := self._keys("*"):
            self._link.client.delete(*keys)
