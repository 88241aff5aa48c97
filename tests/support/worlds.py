"""The two kinds of job store, and what a test does to them from outside."""

import uuid
from typing import Any

from support.doubles.job_store import InMemoryJobStore

from shared.config.settings import Settings
from shared.jobs.job import ENDED
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


class InMemory:
    """The double of the store, and what a test does to it from outside."""

    def __init__(self, chosen: Settings) -> None:
        self.chosen = chosen
        self.store: Any = InMemoryJobStore(chosen)

    def let_leases_run_out(self) -> None:
        for record in self.store._records.values():
            record.split_lease = 0.0
            record.leases = dict.fromkeys(record.leases, 0.0)

    def let_time_run_out(self) -> None:
        for record in self.store._records.values():
            if record.job.state in ENDED:
                record.update(finished_at=1.0)

    def let_a_sweep_be_due(self) -> None:
        self.store._due.clear()

    def under_way(self, job_id: str) -> tuple[int, int]:
        record = self.store._records[job_id]
        return record.dispatched - len(record.done), len(record.parts) - len(record.done)

    def forget(self) -> None:
        self.store.forget()


class OnRedis:
    """The store on Redis, and what a test does to it from outside."""

    def __init__(self, chosen: Settings) -> None:
        self.chosen = chosen.model_copy(update={"key_prefix": f"{uuid.uuid4().hex}:"})
        self._link = RedisLink(self.chosen)
        self.store: Any = RedisJobStore(self._link, self.chosen)

    def _keys(self, pattern: str) -> list[str]:
        return list(self._link.client.scan_iter(self._link.key(*pattern.split(":"))))

    def let_leases_run_out(self) -> None:
        client = self._link.client
        for key in self._keys("job:*:leases"):
            client.zadd(key, dict.fromkeys(client.zrange(key, 0, -1), 0))
        for job_id in client.zrange(self._link.key("jobs", "active"), 0, -1):
            client.hset(self._link.key("job", job_id), "split_lease", 0)

    def let_time_run_out(self) -> None:
        ended, client = self._link.key("jobs", "ended"), self._link.client
        if found := client.zrange(ended, 0, -1):
            client.zadd(ended, dict.fromkeys(found, 0))

    def let_a_sweep_be_due(self) -> None:
        self._link.client.delete(self._link.key("done", "sweep"))

    def under_way(self, job_id: str) -> tuple[int, int]:
        key = self._link.key("job", job_id)
        counts = self._link.client.hmget(key, "dispatched", "parts", "done")
        dispatched, parts, done = map(int, counts)
        return dispatched - done, parts - done

    def forget(self) -> None:
        if keys := self._keys("*"):
            self._link.client.delete(*keys)
