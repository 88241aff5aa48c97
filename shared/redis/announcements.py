"""What workers write about themselves into Redis: announcements, heartbeats, descriptions.

The announcements are long, because they hold the cards of the models. So what others ask for all
the time, the number of processes by model, is kept apart: `serves:<node>` has the names alone, and
`serving` has the numbers of the whole fleet, counted at most once in `COUNTED_SECONDS`. Otherwise
each of many processes would read what each of many workers has announced.
"""

import json
import logging
import os
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha1
from typing import Any

from typing_extensions import override

from shared.card import Card
from shared.config.settings import Settings
from shared.drift.reference import Reference
from shared.fleet import Fleet, Served, Worker
from shared.live_process import lives
from shared.redis.link import RedisLink

logger = logging.getLogger(__name__)

#: A worker that has missed this many heartbeats is taken for dead.
MISSED_BEATS = 4

#: How long a reference is kept after a process has announced its model, or rows were counted for
#: it, in seconds; `lua/watched.lua` has the same.
REFERENCE_SECONDS = 180 * 86400

#: How long the numbers of processes are used, in seconds. An announcement or the end of a worker
#: has them counted again at once; this is the delay for workers that end without a word.
COUNTED_SECONDS = 1.0


class RedisAnnouncements(Fleet):
    """The part of the fleet that workers write. Their keys expire unless they send heartbeats."""

    def __init__(self, link: RedisLink, settings: Settings) -> None:
        self._link = link
        self._lifetime = round(settings.heartbeat_seconds * MISSED_BEATS * 1000)
        self._announced: dict[str, str] = {}
        #: What the worker served at its last heartbeat, and what of it was leaving.
        self._serves: tuple[frozenset[str], frozenset[str]] = frozenset(), frozenset()

    @override
    def announce(
        self,
        node: str,
        served: Iterable[Served],
        *,
        replaces: bool = False,
        yields: Collection[str] = (),
    ) -> None:
        served = list(served)
        references = [
            self._storing(one.card.full_name, one.card.reference)
            for one in served
            if one.card.reference
        ]
        served = [_without_reference(one) for one in served]
        pid, remember = str(os.getpid()), "HSETNX" if replaces else "HSET"
        self._link.at_once(
            ("HSET", self._link.key("worker", node), pid, text_of(served)),
            ("HSET", self._link.key("serves", node), pid, _names_of(served)),
            *self._renewal(node),
            *references,
            *self._remembering(remember, served, yields),
            self._count_again(),
        )

    @override
    def keep_references(self, cards: Iterable[Card]) -> None:
        have = {card.full_name: card.reference for card in cards if card.reference}
        if not have:
            return
        keys = [self._link.key("reference", full_name) for full_name in have]
        if self._link.client.exists(*keys) == len(keys):
            return
        # Not in the place of what a process has announced meanwhile.
        self._link.at_once(*((*self._storing(name, one), "NX") for name, one in have.items()))

    def _storing(self, full_name: str, reference: Reference) -> tuple[Any, ...]:
        key, text = self._link.key("reference", full_name), reference.model_dump_json()
        return "SET", key, text, "EX", REFERENCE_SECONDS

    @override
    def beat(self, node: str, full_names: Collection[str], leaving: Collection[str] = ()) -> int:
        all_live = all(map(lives, map(int, self._announced)))
        serves = frozenset(full_names), frozenset(leaving)
        if self._announced and all_live and self._serves == serves:
            digest = _digest_of(self._announced)
            if self._link.run("beat", node, self._lifetime, digest):
                return len(self._announced)
        return self._beat_anew(node, *serves)

    def _beat_anew(self, node: str, full_names: frozenset[str], leaving: frozenset[str]) -> int:
        """A heartbeat after something has changed."""
        # Announcements that Redis has lost are repeated; those of processes that have died are
        # removed, and so are models that another process of the worker could not load.
        worker, serves = self._link.key("worker", node), self._link.key("serves", node)
        texts = self._link.client.hgetall(worker)
        readable = {
            pid: text for pid, text in texts.items() if pid.isdecimal() and read(text) is not None
        }
        self._announced.update(readable)
        dead = [pid for pid in self._announced if not lives(int(pid))]
        for pid in dead:
            del self._announced[pid]
        # What cannot be read is removed, and announced again below.
        gone = {*dead, *(texts.keys() - readable.keys())}
        commands: list[tuple[Any, ...]] = []
        if gone:
            commands += [("HDEL", worker, *gone), ("HDEL", serves, *gone)]
        for pid, announcement in self._announced.items():
            served = [
                one.model_copy(update={"leaving": one.card.full_name in leaving})
                for one in served_in([announcement])
                if one.card.full_name in full_names
            ]
            if (text := text_of(served)) != announcement:
                self._announced[pid] = text
                # Not if the process has announced something else meanwhile.
                self._link.run("amend", node, pid, announcement, text, _names_of(served))
        # HSETNX, field by field: a process that announces itself at this moment must win.
        for pid, announcement in self._announced.items():
            commands.append(("HSETNX", worker, pid, announcement))
            commands.append(("HSETNX", serves, pid, _names_of(served_in([announcement]))))
        if self._announced:
            commands += self._renewal(node)
            commands += self._remembering("HSETNX", served_in(self._announced.values()))
        self._link.at_once(*commands, self._count_again())
        self._serves = full_names, leaving
        return len(self._announced)

    def _remembering(
        self, command: str, served: Iterable[Served], yields: Collection[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Remember versions as there, and the last of each model as the one for new jobs.

        Of a model that `yields` names, it is remembered only if there is none.
        """
        served = [_without_reference(one) for one in served if not one.leaving]
        last = {one.card.name: one for one in served}
        models, versions = self._link.key("models"), self._link.key("versions")
        return [
            *(
                ("HSETNX" if name in yields else command, models, name, one.model_dump_json())
                for name, one in last.items()
            ),
            *((command, versions, one.card.full_name, one.model_dump_json()) for one in served),
        ]

    def _renewal(self, node: str) -> list[tuple[Any, ...]]:
        # By Redis's clock alone: the clock of the worker's host may be wrong.
        return [
            ("PEXPIRE", self._link.key("worker", node), self._lifetime),
            ("PEXPIRE", self._link.key("serves", node), self._lifetime),
            ("SADD", self._link.key("nodes"), node),
        ]

    def _count_again(self) -> tuple[str, str]:
        return "DEL", self._link.key("serving")

    @override
    def prefer(self, served: Served) -> None:
        self._link.at_once(*self._remembering("HSET", [served]), self._count_again())

    def announced(self) -> dict[int, list[Served]]:
        """What each process of this worker had announced at the last heartbeat, by its pid."""
        return {int(pid): served_in([text]) for pid, text in list(self._announced.items())}

    @override
    def describe(self, worker: Worker) -> None:
        key = self._link.key("about", worker.name)
        self._link.at_once(
            ("SET", key, worker.model_dump_json(), "PX", self._lifetime),
            # A worker that is loading its models has announced nothing yet.
            ("SADD", self._link.key("nodes"), worker.name),
        )

    @override
    def leave(self, node: str) -> None:
        kinds = "worker", "serves", "about"
        self._link.client.delete(*(self._link.key(kind, node) for kind in kinds))
        self._link.client.srem(self._link.key("nodes"), node)
        self._link.client.delete(self._link.key("serving"))

    def forget(self) -> None:
        """Take every worker for dead; live ones come back at their next heartbeat."""
        self._link.client.delete(self._link.key("nodes"), self._link.key("serving"))

    def _count(self) -> dict[str, int]:
        """The number of live processes by the full name of a model, as counted last."""
        text = self._link.client.get(self._link.key("serving"))
        text = text or self._link.run("serving", round(COUNTED_SECONDS * 1000))
        found: dict[str, int] = json.loads(text)
        return found


def _without_reference(served: Served) -> Served:
    """What is announced of a model; see `Fleet.reference`."""
    if served.card.reference is None:
        return served
    card = served.card.model_copy(update={"reference": None})
    return served.model_copy(update={"card": card})


def text_of(served: Iterable[Served]) -> str:
    """The announcement of a process that serves these models."""
    return json.dumps([one.model_dump(mode="json") for one in served])


def served_in(announcements: Iterable[str]) -> list[Served]:
    """The models of announcements; those that cannot be read are left out."""
    return [one for text in announcements for one in read(text) or []]


def read(announcement: str) -> list[Served] | None:
    """What a process has announced; None if that cannot be read. It must not hide the others."""
    try:
        return [Served.model_validate(one) for one in json.loads(announcement)]
    except (ValueError, TypeError):
        logger.error("an announcement in Redis cannot be read, and is left out")  # noqa: TRY400
        return None


def _names_of(served: Iterable[Served]) -> str:
    return " ".join(one.card.full_name for one in served)


def _digest_of(announced: Mapping[str, str]) -> str:
    """As the script `beat` makes it of the announcements in Redis."""
    texts = (f"{pid}:{announcement}" for pid, announcement in announced.items())
    return "".join(sorted(sha1(text.encode()).hexdigest() for text in texts))  # noqa: S324  as Redis
