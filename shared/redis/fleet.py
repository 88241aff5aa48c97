"""The fleet on Redis: each worker's heartbeat, and the models that workers have announced."""

import json
import logging
import math
import os
import time
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import BaseModel
from redis.exceptions import ResponseError
from typing_extensions import override

from shared.config.settings import Settings
from shared.fleet import Fleet, Served, Worker, name_of
from shared.redis.link import RedisLink

logger = logging.getLogger(__name__)

AnyModel = TypeVar("AnyModel", bound=BaseModel)

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
    def announce(self, node: str, served: Iterable[Served], *, replaces: bool = False) -> None:
        served = list(served)
        worker = self._link.key("worker", node)
        models = self._link.key("models")
        remember = "HSETNX" if replaces else "HSET"
        self._link.at_once(
            ("HSET", worker, str(os.getpid()), _text_of(served)),
            *self._renewal(node),
            *((remember, models, one.card.name, one.model_dump_json()) for one in served),
        )

    @override
    def beat(self, node: str, full_names: Collection[str]) -> int:
        # Announcements that Redis has lost are repeated; those of processes that have died are
        # removed, and so are models that another process of the worker could not load.
        worker, models = self._link.key("worker", node), self._link.key("models")
        texts = self._link.client.hgetall(worker)
        readable = {
            pid: text for pid, text in texts.items() if pid.isdecimal() and _read(text) is not None
        }
        self._announced.update(readable)
        dead = [pid for pid in self._announced if not _lives(int(pid))]
        for pid in dead:
            del self._announced[pid]
        # What cannot be read is removed, and announced again below.
        gone = {*dead, *(texts.keys() - readable.keys())}
        commands: list[tuple[Any, ...]] = [("HDEL", worker, *gone)] if gone else []
        for pid, announcement in self._announced.items():
            served = [one for one in _served([announcement]) if one.card.full_name in full_names]
            if (text := _text_of(served)) != announcement:
                self._announced[pid] = text
                commands.append(("HSET", worker, pid, text))
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
        self._link.at_once(
            ("SET", key, worker.model_dump_json(), "PX", lifetime),
            # A worker that is loading its models has announced nothing yet.
            ("SADD", self._link.key("nodes"), worker.name),
        )

    @override
    def workers(self) -> list[Worker]:
        nodes = sorted(self._link.client.smembers(self._link.key("nodes")))
        keys = [self._link.key("about", node) for node in nodes]
        found = self._link.client.mget(keys or [""])
        return [worker for one in found if one and (worker := _parsed(Worker, one))]

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
    def learn(self, full_name: str, rate: float) -> None:
        self._link.at_once(("HSET", self._link.key("rates"), full_name, rate))

    @override
    def rates(self) -> dict[str, float]:
        found = self._link.client.hgetall(self._link.key("rates"))
        return {name: rate for name, text in found.items() if (rate := _number(text)) > 0}

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
        name = name_of(full_name)
        if full_name in serving or name not in {name_of(one) for one in serving}:
            self._link.client.hdel(replaced, full_name)
            return 0.0
        now = self._link.now()
        self._link.at_once(("HSETNX", replaced, full_name, now))
        return now - _number(self._link.client.hget(replaced, full_name), now)

    @override
    def failed(self) -> dict[str, str]:
        return {name: why for worker in self.workers() for name, why in worker.failed.items()}

    @override
    def to_serve(self) -> set[str]:
        described = {full_name for worker in self.workers() for full_name in worker.models}
        return {name_of(full_name) for full_name in described | set(self.serving())}

    @override
    def forget_removed(self, names: Collection[str]) -> None:
        self._forget(self._remembered().keys() - self.to_serve() - set(names))

    @override
    def forget_unserved(self, seconds: float) -> None:
        key, to_serve = self._link.key("unserved"), self.to_serve()
        if not self.serving():
            # The whole fleet is away, perhaps for the night: jobs wait for it.
            self._link.client.delete(key)
            return
        since = self._link.client.hgetall(key)
        unserved = self._remembered().keys() - to_serve
        now = self._link.now()
        if back := since.keys() - unserved:
            self._link.client.hdel(key, *back)
        for name in unserved - since.keys():
            self._link.at_once(("HSETNX", key, name, now))
        self._forget({name for name in unserved if now - _number(since.get(name), now) >= seconds})

    def _remembered(self) -> dict[str, Served]:
        """The version of each model that was announced last, in the order of the names."""
        texts = self._link.client.hgetall(self._link.key("models"))
        found = {name: _parsed(Served, text) for name, text in sorted(texts.items())}
        return {name: one for name, one in found.items() if one}

    def _forget(self, names: Collection[str]) -> None:
        if names:
            logger.warning("forgotten, as no worker has them any more: %s", ", ".join(names))
            self._link.at_once(
                ("HDEL", self._link.key("models"), *names),
                ("HDEL", self._link.key("unserved"), *names),
            )

    def _cached(self) -> tuple[dict[str, Served], dict[str, int]]:
        at, models, processes = self._cache
        if time.monotonic() - at < CACHE_SECONDS and models:
            return models, processes
        client = self._link.client
        remembered = self._remembered()
        pipe = client.pipeline(transaction=False)
        nodes = list(client.smembers(self._link.key("nodes")))
        for node in nodes:
            pipe.hvals(self._link.key("worker", node))
            pipe.exists(self._link.key("about", node))
        found = pipe.execute()
        announced, described = found[::2], found[1::2]
        if gone := [
            node
            for node, texts, about in zip(nodes, announced, described, strict=True)
            if not texts and not about
        ]:
            # A worker that is only late is added again at its next heartbeat. This also runs for a
            # read, which must not fail because Redis refuses to write.
            with suppress(ResponseError):
                client.srem(self._link.key("nodes"), *gone)
        live = _served(text for texts in announced for text in texts)
        processes = dict(Counter(one.card.full_name for one in live))
        models = _for_new_jobs(remembered, live)
        rates = self.rates()
        for name, one in models.items():
            if rate := rates.get(one.card.full_name):
                models[name] = one.model_copy(update={"rate": rate})
        self._cache = (time.monotonic(), models, processes)
        return models, processes


def _for_new_jobs(remembered: dict[str, Served], live: list[Served]) -> dict[str, Served]:
    """The version of each model that new jobs get; see `Fleet.models`."""
    served: dict[str, list[Served]] = {}
    for one in live:
        served.setdefault(one.card.name, []).append(one)
    models = dict(remembered)
    for name, versions in served.items():
        last = remembered.get(name)
        if last is None or last.card.version not in {one.card.version for one in versions}:
            models[name] = max(versions, key=lambda one: (one.card.created_at, one.card.version))
    return dict(sorted(models.items()))


def _text_of(served: Iterable[Served]) -> str:
    return json.dumps([one.model_dump(mode="json") for one in served])


def _served(announcements: Iterable[str]) -> list[Served]:
    return [one for text in announcements for one in _read(text) or []]


def _read(announcement: str) -> list[Served] | None:
    """What a process has announced; None if that cannot be read. It must not hide the others."""
    try:
        return [Served.model_validate(one) for one in json.loads(announcement)]
    except (ValueError, TypeError):
        logger.error("an announcement in Redis cannot be read, and is left out")  # noqa: TRY400
        return None


def _parsed(kind: type[AnyModel], text: str) -> AnyModel | None:
    """What a worker has written of this kind; None if it cannot be read."""
    try:
        return kind.model_validate_json(text)
    except ValueError:
        logger.error("a %s in Redis cannot be read, and is left out", kind.__name__)  # noqa: TRY400
        return None


def _number(text: str | None, otherwise: float = 0.0) -> float:
    """The number in a text; `otherwise` if there is no text, or no finite number in it."""
    try:
        number = float(otherwise if text is None else text)
    except ValueError:
        return otherwise
    return number if math.isfinite(number) else otherwise


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
