"""Aliases on a real Redis and in a folder of blobs: races, losses and what is left of them."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from support.refusing import full_memory

from shared.aliases import CHAMPION, Change, Names, pointed, removed, rolled_back, unset
from shared.config.settings import Settings
from shared.errors.aliases import AliasMoved, BadAlias, NoFormerChampion
from shared.redis.aliases import RedisAliases
from shared.redis.link import RedisLink
from shared.storage.folder_blobs import FolderBlobs
from shared.storage.sealed import SealedBlobs

pytestmark = pytest.mark.process

ONE, TWO, THREE = "1" * 12, "2" * 12, "3" * 12


@pytest.fixture
def blobs(redis_settings: Settings) -> SealedBlobs:
    return SealedBlobs(FolderBlobs(redis_settings.blobs_dir))


@pytest.fixture
def aliases(link: RedisLink, blobs: SealedBlobs) -> RedisAliases:
    return RedisAliases(link, blobs)


def promote(aliases: RedisAliases, version: str, alias: str = CHAMPION) -> Change:
    return aliases.change("mine", "me", lambda names: pointed(names, alias, version))


def roll_back(aliases: RedisAliases, expected: str | None = None) -> Change:
    return aliases.change("mine", "me", lambda names: rolled_back(names, "mine", expected=expected))


def twice(
    link: RedisLink, monkeypatch: pytest.MonkeyPatch, between: Callable[[], object] = bool
) -> None:
    """Let the answer to the next change be lost: after `between` the client sends it again."""
    run = link.run_kept

    def run_twice(*call: Any) -> Any:
        monkeypatch.setattr(link, "run_kept", run)
        link.run_kept(*call)
        between()
        return link.run_kept(*call)

    monkeypatch.setattr(link, "run_kept", run_twice)


def wipe(link: RedisLink) -> None:
    """Lose what Redis holds of the aliases, as a Redis without a disk does at its restart."""
    link.client.delete(*(link.key(*one) for one in (("aliases",), ("aliases", "server"))))


def test_repeated_rollbacks_walk_back_through_the_champions(aliases: RedisAliases) -> None:
    """Each goes back by one, until there is no former champion; a promotion begins from there."""
    for version in (ONE, TWO, TWO, THREE):
        promote(aliases, version)
    assert [roll_back(aliases).after for _ in range(2)] == [TWO, ONE]
    with pytest.raises(NoFormerChampion, match="promote mine@VERSION"):
        roll_back(aliases)
    promote(aliases, THREE)
    assert roll_back(aliases).after == ONE


def test_a_change_that_was_made_on_older_knowledge_is_refused(aliases: RedisAliases) -> None:
    """A rollback that names the champion it leaves is carried out once, however often sent."""
    for version in (ONE, TWO, THREE):
        promote(aliases, version)
    assert roll_back(aliases, expected=THREE).after == TWO
    with pytest.raises(AliasMoved, match=TWO):
        roll_back(aliases, expected=THREE)
    assert aliases.all()["mine"].champion == TWO


@pytest.mark.parametrize("expected", [None, THREE])
def test_a_change_is_made_once_if_its_answer_is_lost(
    aliases: RedisAliases, link: RedisLink, monkeypatch: pytest.MonkeyPatch, expected: str | None
) -> None:
    """A command that is sent again is known: a rollback goes back by one, and is no conflict."""
    for version in (ONE, TWO, THREE):
        promote(aliases, version)
    twice(link, monkeypatch)
    assert roll_back(aliases, expected).after == TWO
    assert aliases.all()["mine"].champion == TWO
    assert [one.number for one in aliases.changes("mine", 10)] == [4, 3, 2, 1]


def test_a_change_sent_again_is_known_after_others_too(
    aliases: RedisAliases, link: RedisLink, monkeypatch: pytest.MonkeyPatch, blobs: SealedBlobs
) -> None:
    """Meanwhile a worker may have written it to the blob store, and others may have made more."""
    for version in (ONE, TWO, THREE):
        promote(aliases, version)
    other = RedisAliases(link, blobs)

    def meanwhile() -> None:
        assert other.keep() == 1
        promote(other, ONE, "challenger")

    twice(link, monkeypatch, meanwhile)
    assert roll_back(aliases, THREE).number == 4
    changes = aliases.changes("mine", 10)
    assert [(one.number, one.after) for one in changes[:2]] == [(5, ONE), (4, TWO)]
    assert aliases.all()["mine"].champion == TWO
    assert aliases.keep() == 0


def test_a_rollback_passes_over_removed_versions(aliases: RedisAliases) -> None:
    """What was withdrawn from service does not come back as the champion."""
    for version in (ONE, TWO, THREE):
        promote(aliases, version)
    aliases.change("mine", "me", lambda names: removed(names, TWO))
    assert roll_back(aliases).after == ONE


@pytest.mark.parametrize("alias", ["", "Champion", "decade", "beef", "1st", "a b", "x" * 33])
def test_words_that_cannot_be_aliases(alias: str) -> None:
    """A word that could be the beginning of a version would sometimes mean that."""
    with pytest.raises(BadAlias):
        pointed(Names(), alias, ONE)


def test_a_champion_cannot_be_unset(aliases: RedisAliases) -> None:
    """The bare name would mean another version from then on; other aliases may go."""
    promote(aliases, ONE)
    promote(aliases, TWO, "challenger")
    aliases.change("mine", "me", lambda names: unset(names, "challenger"))
    assert aliases.all()["mine"].aliases == {CHAMPION: ONE}
    with pytest.raises(BadAlias, match="replaced"):
        aliases.change("mine", "me", lambda names: unset(names, CHAMPION))


def test_the_audit_names_every_change(aliases: RedisAliases) -> None:
    """Who, when by Redis's clock, from where and to where; the newest first."""
    promote(aliases, ONE)
    promote(aliases, TWO)
    roll_back(aliases)
    changes = aliases.changes("mine", 10)
    assert [(one.number, one.action, one.before, one.after) for one in changes] == [
        (3, "rollback", TWO, ONE),
        (2, "promote", ONE, TWO),
        (1, "promote", None, ONE),
    ]
    assert {one.by for one in changes} == {"me"}
    assert sorted((one.at for one in changes), reverse=True) == [one.at for one in changes]
    assert [one.number for one in aliases.changes("mine", 1)] == [3]
    assert aliases.changes("other", 10) == []


def test_a_redis_that_lost_everything_is_asked_nothing_before_it_has_the_aliases(
    aliases: RedisAliases, link: RedisLink, blobs: SealedBlobs
) -> None:
    """The blob store has every change; the next reader restores the names, also before a change."""
    promote(aliases, ONE)
    promote(aliases, TWO)
    wipe(link)
    assert RedisAliases(link, blobs).all()["mine"].champion == TWO
    wipe(link)
    assert roll_back(RedisAliases(link, blobs)).number == 3
    assert RedisAliases(link, blobs).all()["mine"].champion == ONE


def test_a_replica_that_lost_the_last_change_gets_it_from_the_blobs(
    aliases: RedisAliases, link: RedisLink, blobs: SealedBlobs
) -> None:
    """Another server, with the names of before: the last promotion must not be undone by it."""
    promote(aliases, ONE)
    before = link.client.hget(link.key("aliases"), "mine")
    promote(aliases, TWO)
    link.client.hset(link.key("aliases"), "mine", before)
    link.client.set(link.key("aliases", "server"), "another server")
    assert RedisAliases(link, blobs).all()["mine"].champion == TWO


def test_without_redis_and_blobs_nothing_is_guessed(
    aliases: RedisAliases, link: RedisLink, monkeypatch: pytest.MonkeyPatch, blobs: SealedBlobs
) -> None:
    """While the blob store cannot be read, nobody is told that a model has no champion."""
    promote(aliases, ONE)
    wipe(link)

    def fail(_: str) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(blobs, "folders", fail)
    other = RedisAliases(link, blobs)
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output"):
            other.all()


def test_a_change_that_the_blob_store_did_not_take_is_written_later(
    aliases: RedisAliases, link: RedisLink, monkeypatch: pytest.MonkeyPatch, blobs: SealedBlobs
) -> None:
    """It is in force and in the audit at once; a worker writes it when there is room."""

    def fail(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(blobs, "put", fail)
        promote(aliases, ONE)
    assert [one.after for one in aliases.changes("mine", 10)] == [ONE]
    assert (aliases.keep(), aliases.keep()) == (1, 0)
    wipe(link)
    assert aliases.changes("mine", 10)[0].after == ONE
    assert RedisAliases(link, blobs).all()["mine"].champion == ONE


def test_a_full_redis_takes_a_rollback(aliases: RedisAliases, link: RedisLink) -> None:
    """The memory may be full because of the very version that is to be rolled back."""
    promote(aliases, ONE)
    promote(aliases, TWO)
    with full_memory(link.client):
        assert roll_back(aliases).after == ONE


def test_changes_in_a_race_follow_each_other(
    redis_settings: Settings, blobs: SealedBlobs, link: RedisLink
) -> None:
    """16 clients: every change has a number of its own, and begins where the one before ended."""

    def client(seed: int) -> None:
        own, dice = RedisAliases(RedisLink(redis_settings), blobs), random.Random(seed)  # noqa: S311  a test
        for _ in range(8):
            try:
                if dice.random() < 0.5:
                    roll_back(own)
                else:
                    promote(own, dice.choice([ONE, TWO, THREE]))
            except NoFormerChampion:
                promote(own, ONE)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(client, range(16)))
    changes = RedisAliases(link, blobs).changes("mine", 1000)[::-1]
    assert [one.number for one in changes] == list(range(1, len(changes) + 1))
    assert len(changes) >= 16 * 8
    for earlier, later in pairwise(changes):
        assert later.before == earlier.after
    assert RedisAliases(link, blobs).all()["mine"].champion == changes[-1].after
