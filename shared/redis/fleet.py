"""The fleet on Redis: each worker's heartbeat, and the models that workers have announced."""

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from redis.exceptions import ResponseError
from typing_extensions import override

from shared.config.settings import Settings
from shared.fleet import Fleet, Served, Worker
from shared.redis.link import RedisLink

#: A worker that has missed this many heartbeats is taken for dead.
MISSED_BEATS = 4

#: How long an answer about the fleet is cached, in seconds.
CACHE_SECONDS = 1.0


class RedisFleet(Fleet):
    """`Fleet` on Redis. The key `worker:<node>` expires unless its worker sends heartbeats."""

    def __init__(self, link: RedisLink, settings: Settings) -> None:
        self._link = link
        self._lifetime = settings.heartbeat_seconds * MISSED_BEATS
        self._announced: dict[str, str] = {}
        self._cache: tuple[float, dict[str, Served], dict[str, int]] = (0.0, {}, {})

    @override
    def announce(self, node: str, served: Iterable[Served]) -> None:
        served = list(served)
        worker = self._link.key("worker", node)
        models = self._link.key("models")
        announcement = json.dumps([one.model_dump(mode="json") for one in served])
        self._link.at_once(
            ("HSET", worker, str(os.getpid()), announcement),
            *self._renewal(node),
            *(("HSET", models, one.card.name, one.model_dump_json()) for one in served),
        )

    @override
    def beat(self, node: str) -> int:
        # Announcements that Redis has lost are repeated; those of processes that have died are
        # removed.
        worker, models = self._link.key("worker", node), self._link.key("models")
        self._announced.update(self._link.client.hgetall(worker))
        dead = [pid for pid in self._announced if not _lives(int(pid))]
        for pid in dead:
            del self._announced[pid]
        commands: list[tuple[Any, ...]] = [("HDEL", worker, *dead)] if dead else []
        # HSETNX, field by field: a process that announces itself at this moment must win.
        for pid, announcement in self._announced.items():
            commands.append(("HSETNX", worker, pid, announcement))
        if self._announced:
            commands += self._renewal(node)
            for one in _served(self._announced.values()):
                commands.append(("HSETNX", models, one.card.name, one.model_dump_json()))
        self._link.at_once(*commands)
        return len(self._announced)

    def _renewal(self, node: str) -> list[tuple[Any, ...]]:
        # By Redis's clock alone: the clock of the worker's host may be wrong.
        return [
            ("PEXPIRE", self._link.key("worker", node), int(self._lifetime * 1000)),
            ("SADD", self._link.key("nodes"), node),
        ]

    def announced(self) -> dict[int, list[Served]]:
        """What each process of this worker had announced at the last heartbeat, by its pid."""
        return {int(pid): _served([text]) for pid, text in list(self._announced.items())}

    @override
    def describe(self, worker: Worker) -> None:
        key, lifetime = self._link.key("about", worker.name), int(self._lifetime * 1000)
        self._link.at_once(("SET", key, worker.model_dump_json(), "PX", lifetime))

    @override
    def workers(self) -> list[Worker]:
        nodes = sorted(self._link.client.smembers(self._link.key("nodes")))
        keys = [self._link.key("about", node) for node in nodes]
        found = self._link.client.mget(keys or [""])
        return [Worker.model_validate_json(one) for one in found if one]

    @override
    def leave(self, node: str) -> None:
        self._link.client.delete(self._link.key("worker", node), self._link.key("about", node))
        self._link.client.srem(self._link.key("nodes"), node)

    def forget(self) -> None:
        """Take every worker for dead; live ones come back at their next heartbeat."""
        self._link.client.delete(self._link.key("nodes"))

    @override
    def models(self) -> dict[str, Served]:
        return self._cached()[0]

    @override
    def processes(self, full_name: str) -> int:
        # That nobody serves it is never taken from the cache: a worker may have started since, and
        # another process of the API may have said already that the service is ready.
        return self._cached()[1].get(full_name, 0) or self.serving().get(full_name, 0)

    @override
    def serving(self) -> dict[str, int]:
        self._cache = (0.0, {}, {})
        return self._cached()[1]

    @override
    def replaced_for(self, full_name: str) -> float:
        serving, replaced = self._cached()[1], self._link.key("replaced")
        name, _, _ = full_name.partition("@")
        if full_name in serving or not any(one.startswith(f"{name}@") for one in serving):
            self._link.client.hdel(replaced, full_name)
            return 0.0
        now = self._link.now()
        self._link.at_once(("HSETNX", replaced, full_name, now))
        return now - float(self._link.client.hget(replaced, full_name) or now)

    def _cached(self) -> tuple[dict[str, Served], dict[str, int]]:
        at, models, processes = self._cache
        if time.monotonic() - at < CACHE_SECONDS and models:
            return models, processes
        client = self._link.client
        models = {
            name: Served.model_validate_json(text)
            for name, text in sorted(client.hgetall(self._link.key("models")).items())
        }
        pipe = client.pipeline(transaction=False)
        nodes = list(client.smembers(self._link.key("nodes")))
        for node in nodes:
            pipe.hvals(self._link.key("worker", node))
        found = dict(zip(nodes, pipe.execute(), strict=True))
        if gone := [node for node, announced in found.items() if not announced]:
            # A worker that is only late is added again at its next heartbeat. This also runs for a
            # read, which must not fail because Redis refuses to write.
            with suppress(ResponseError):
                client.srem(self._link.key("nodes"), *gone)
        processes = {}
        for one in _served(text for announced in found.values() for text in announced):
            processes[one.card.full_name] = processes.get(one.card.full_name, 0) + 1
        self._cache = (time.monotonic(), models, processes)
        return models, processes


def _served(announcements: Iterable[str]) -> list[Served]:
    return [Served.model_validate(one) for text in announcements for one in json.loads(text)]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
