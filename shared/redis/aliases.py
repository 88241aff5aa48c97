"""The aliases of models in Redis, where all programs read them, and in the blob store, for good.

Redis decides the order of changes. Each change is also a blob of its own under `aliases/`, which is
never changed: so the blobs are the audit, and the newest blob of a model has what its names mean.
A Redis that was started or has taken over answers nothing before it was compared with the blobs.
"""

import logging
import secrets
import time
from collections.abc import Callable

from typing_extensions import override

from shared.aliases import Aliases, Change, Names, Step
from shared.redis.link import RedisLink
from shared.storage.blobs import Blobs, for_each

logger = logging.getLogger(__name__)

#: How long what the names mean is cached in a process, in seconds.
CACHE_SECONDS = 1.0

#: What the keys of all changes begin with. A key goes on with the name of the model, and with the
#: number of the change and a token: two changes have the same number if Redis has lost the first.
_ROOM = "aliases/"


class RedisAliases(Aliases):
    """`Aliases` on Redis and a blob store."""

    def __init__(self, link: RedisLink, blobs: Blobs) -> None:
        self._link = link
        self._blobs = blobs
        self._cached: tuple[float, dict[str, Names]] = (-CACHE_SECONDS, {})

    @override
    def all(self) -> dict[str, Names]:
        at, found = self._cached
        if time.monotonic() - at >= CACHE_SECONDS:
            found = self._read()
            self._cached = time.monotonic(), found
        return found

    @override
    def refresh(self) -> None:
        self._cached = time.monotonic(), self._read()

    @override
    def change(self, model: str, by: str, decide: Callable[[Names], Step]) -> Change:
        while True:
            step = decide(self._read().get(model, Names()))
            made = Change.of(step, model=model, at=self._link.now(), by=by)
            key = f"{_ROOM}{model}/{made.number:012d}-{secrets.token_hex(4)}/change.json"
            line = made.model_dump_json()
            names = made.names.model_dump_json()
            # Until a replica has it, as a job: a failover before the blob is there would lose it.
            answer = self._link.run_kept("change_aliases", model, made.number, names, key, line)
            if answer == 1:
                break
        self._cached = -CACHE_SECONDS, {}
        logger.warning("aliases: %s", _in_words(made))
        try:
            self._keep(key, line)
        except OSError as error:
            logger.error("change %s of %s is in Redis alone: %s", made.number, model, error)  # noqa: TRY400  no bug
        return made

    @override
    def changes(self, model: str, limit: int) -> list[Change]:
        if model not in self._read():
            return []
        unkept = {
            key: line
            for key, line in self._link.client.hgetall(self._link.key("aliases", "unkept")).items()
            if key.startswith(f"{_ROOM}{model}/")
        }
        kept = {
            f"{_ROOM}{model}/{one}/change.json" for one in self._blobs.folders(f"{_ROOM}{model}/")
        }
        keys = sorted(kept | unkept.keys(), reverse=True)[:limit]

        def read(key: str) -> Change | None:
            try:
                return Change.model_validate_json(unkept.get(key) or self._blobs.read(key))
            except FileNotFoundError:
                # Its folder is there before it is.
                return None

        return [one for one in for_each(self._blobs, read, keys) if one]

    @override
    def keep(self) -> int:
        unkept = self._link.client.hgetall(self._link.key("aliases", "unkept"))
        for key, line in unkept.items():
            self._keep(key, line)
        self._read()
        return len(unkept)

    def _keep(self, key: str, line: str) -> None:
        self._blobs.put(key, line.encode())
        self._link.at_once(("HDEL", self._link.key("aliases", "unkept"), key))

    def _read(self) -> dict[str, Names]:
        while (found := self._link.run("read_aliases")) is None:
            self._restore()
        pairs = zip(found[::2], found[1::2], strict=True)
        return {model: Names.model_validate_json(names) for model, names in pairs}

    def _restore(self) -> None:
        """Take over from the blob store what Redis lacks."""
        found = []
        for model in sorted(self._blobs.folders(_ROOM)):
            if last := self._last(model):
                found += [model, last.names.model_dump_json()]
        self._link.run("restore_aliases", *found)
        if found:
            logger.warning("aliases restored from the blob store: %s", ", ".join(found[::2]))

    def _last(self, model: str) -> Change | None:
        """The newest change of a model in the blob store."""
        folders = sorted(self._blobs.folders(f"{_ROOM}{model}/"), reverse=True)
        for number in dict.fromkeys(folder.partition("-")[0] for folder in folders):
            found = []
            for folder in folders:
                if folder.partition("-")[0] == number:
                    try:
                        content = self._blobs.read(f"{_ROOM}{model}/{folder}/change.json")
                    except FileNotFoundError:
                        # The process that wrote it died, or is about to write it.
                        continue
                    found.append(Change.model_validate_json(content))
            if found:
                return max(found, key=lambda one: one.at)
        return None


def _in_words(change: Change) -> str:
    before = f" from {change.before}" if change.before else ""
    after = f" to {change.after}" if change.after else ""
    alias = f" {change.alias}" if change.alias else ""
    return f"{change.action} {change.model}{alias}{before}{after}, by {change.by}"
