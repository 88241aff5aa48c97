"""The fleet on Redis, as those read it who want to know what live workers serve."""

import logging
import math
import time
from collections.abc import Collection
from typing import TypeVar

from pydantic import BaseModel
from typing_extensions import override

from shared.config.settings import Settings
from shared.drift.reference import Reference
from shared.fleet import Served, Worker, name_of
from shared.redis.announcements import RedisAnnouncements, served_in
from shared.redis.link import RedisLink

logger = logging.getLogger(__name__)

AnyModel = TypeVar("AnyModel", bound=BaseModel)

#: How long an answer about the fleet is cached in a process, in seconds.
CACHE_SECONDS = 1.0


class RedisFleet(RedisAnnouncements):
    """`Fleet` on Redis."""

    def __init__(self, link: RedisLink, settings: Settings) -> None:
        super().__init__(link, settings)
        #: When the numbers of processes were read, and the numbers; then the same of the models.
        self._counted: tuple[float, dict[str, int]] = (-CACHE_SECONDS, {})
        self._models: tuple[float, dict[str, Served]] = (-CACHE_SECONDS, {})
        self._versions: tuple[float, dict[str, Served]] = (-CACHE_SECONDS, {})
        #: The descriptions that were read last, with their texts, by worker.
        self._described: dict[str, tuple[str, Worker]] = {}

    @override
    def workers(self) -> list[Worker]:
        nodes = sorted(self._link.client.smembers(self._link.key("nodes")))
        keys = [self._link.key("about", node) for node in nodes]
        texts = self._link.client.mget(keys) if keys else []
        described = {}
        for node, text in zip(nodes, texts, strict=False):
            known = self._described.get(node)
            if known and known[0] == text:
                described[node] = known
            elif text and (worker := _parsed(Worker, text)):
                described[node] = text, worker
        self._described = described
        return [worker for _, worker in described.values()]

    @override
    def models(self) -> dict[str, Served]:
        at, models = self._models
        if time.monotonic() - at >= CACHE_SECONDS or not models:
            models = self._read_models()
            self._models = time.monotonic(), models
        return models

    @override
    def versions(self) -> dict[str, Served]:
        at, versions = self._versions
        if time.monotonic() - at >= CACHE_SECONDS or not versions:
            self._versions = time.monotonic(), self._read_versions()
        return self._versions[1]

    @override
    def refresh(self) -> None:
        # Not by `serving`, which empties the other two first.
        self._counted = time.monotonic(), self._count()
        self._models = time.monotonic(), self._read_models()
        self._versions = time.monotonic(), self._read_versions()

    @override
    def reference(self, full_name: str) -> Reference | None:
        text = self._link.client.get(self._link.key("reference", full_name))
        return _parsed(Reference, text) if text else None

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
        return self._cached().get(full_name, 0) or self.serving().get(full_name, 0)

    @override
    def serving(self) -> dict[str, int]:
        self._models = self._versions = -CACHE_SECONDS, {}
        self._counted = time.monotonic(), self._count()
        return self._counted[1]

    @override
    def replaced_for(self, full_name: str) -> float:
        serving, replaced = self._cached(), self._link.key("replaced")
        name = name_of(full_name)
        if full_name in serving or name not in {name_of(one) for one in serving}:
            self._link.client.hdel(replaced, full_name)
            return 0.0
        now = self._link.now()
        self._link.at_once(("HSETNX", replaced, full_name, now))
        return now - _number(self._link.client.hget(replaced, full_name), now)

    @override
    def retire(self, full_name: str) -> None:
        if any(one.card.full_name == full_name and not one.leaving for one in self._live()):
            return
        gone = [("HDEL", self._link.key("versions"), full_name)]
        last = self._remembered("models").get(name_of(full_name))
        if last and last.card.full_name == full_name:
            gone.append(("HDEL", self._link.key("models"), name_of(full_name)))
        self._link.at_once(*gone, self._count_again())

    @override
    def to_serve(self) -> set[str]:
        return {name_of(full_name) for full_name in self._versions_to_serve()}

    def _versions_to_serve(self) -> set[str]:
        described = {full_name for worker in self.workers() for full_name in worker.models}
        return described | set(self.serving())

    @override
    def forget_removed(self, names: Collection[str]) -> None:
        self._forget(self._remembered("models").keys() - self.to_serve() - set(names))

    @override
    def forget_unserved(self, seconds: float) -> None:
        key, to_serve, serving = (
            self._link.key("unserved"),
            self._versions_to_serve(),
            self.serving(),
        )
        if not serving:
            # The whole fleet is away, perhaps for the night: jobs wait for it.
            self._link.client.delete(key)
            return
        since, remembered = self._link.client.hgetall(key), self._remembered("models")
        self._forget_rates({one.card.full_name for one in remembered.values()} | serving.keys())
        # Names of models, and full names of versions.
        unserved = remembered.keys() - {name_of(full_name) for full_name in to_serve}
        unserved |= set(self._link.client.hkeys(self._link.key("versions"))) - to_serve
        now = self._link.now()
        if back := since.keys() - unserved:
            self._link.client.hdel(key, *back)
        for name in unserved - since.keys():
            self._link.at_once(("HSETNX", key, name, now))
        self._forget({name for name in unserved if now - _number(since.get(name), now) >= seconds})

    def _forget_rates(self, full_names: Collection[str]) -> None:
        """Forget what was learned of other versions than these: models are replaced for ever."""
        rates = self._link.key("rates")
        if old := set(self._link.client.hkeys(rates)) - set(full_names):
            self._link.client.hdel(rates, *old)

    def _remembered(self, key: str) -> dict[str, Served]:
        """What a hash remembers, in the order of its fields.

        `models` has the version of each model that was announced last, and `versions` all.
        """
        texts = self._link.client.hgetall(self._link.key(key))
        found = {name: _parsed(Served, text) for name, text in sorted(texts.items())}
        return {name: one for name, one in found.items() if one}

    def _forget(self, names: Collection[str]) -> None:
        """Forget models, and versions where `names` has full names."""
        if names:
            logger.warning("forgotten, as no worker has them any more: %s", ", ".join(names))
            versions = self._link.client.hkeys(self._link.key("versions"))
            gone = {one for one in versions if one in names or name_of(one) in names}
            self._link.at_once(
                ("HDEL", self._link.key("models"), *names),
                ("HDEL", self._link.key("versions"), *names, *gone),
                ("HDEL", self._link.key("unserved"), *names, *gone),
            )

    def _cached(self) -> dict[str, int]:
        at, counted = self._counted
        return counted if time.monotonic() - at < CACHE_SECONDS else self.serving()

    def _read_versions(self) -> dict[str, Served]:
        # Workers of older releases remember the last version of each model alone.
        found = {one.card.full_name: one for one in self._remembered("models").values()}
        versions = self._with_rates(found | self._remembered("versions"))
        return dict(sorted(versions.items()))

    def _read_models(self) -> dict[str, Served]:
        models, serving = self._remembered("models"), self._cached()
        versions = {one.card.full_name for one in models.values()}
        names = {name_of(full_name) for full_name in versions & serving.keys()}
        if any(name_of(full_name) not in names for full_name in serving):
            # Of a model that is served, the version that was announced last is not.
            models = _for_new_jobs(models, self._live())
        return self._with_rates(models)

    def _with_rates(self, found: dict[str, Served]) -> dict[str, Served]:
        """The same, with the rates that processes have found while they scored."""
        rates = self.rates()
        for name, one in found.items():
            if rate := rates.get(one.card.full_name):
                found[name] = one.model_copy(update={"rate": rate})
        return found

    def _live(self) -> list[Served]:
        """What every live process has announced; its cost grows with the number of workers."""
        pipe = self._link.client.pipeline(transaction=False)
        for node in self._link.client.smembers(self._link.key("nodes")):
            pipe.hvals(self._link.key("worker", node))
        return served_in(text for texts in pipe.execute() for text in texts)


def _for_new_jobs(remembered: dict[str, Served], live: list[Served]) -> dict[str, Served]:
    """The version of each model that new jobs get; see `Fleet.models`."""
    served: dict[str, list[Served]] = {}
    for one in live:
        if not one.leaving:
            served.setdefault(one.card.name, []).append(one)
    models = dict(remembered)
    for name, versions in served.items():
        last = remembered.get(name)
        if last is None or last.card.version not in {one.card.version for one in versions}:
            models[name] = max(versions, key=lambda one: (one.card.created_at, one.card.version))
    return dict(sorted(models.items()))


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
