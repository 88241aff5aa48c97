"""The fleet on a real Redis: which version of a model new jobs get, and which are forgotten."""

import os
from typing import Any

import pytest
from support.doctor import a_worker
from support.fleet_cards import CARD, KEPT, OTHER, current, served

from shared.config.settings import Settings
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink


@pytest.fixture
def fleet(link: RedisLink, redis_settings: Settings) -> RedisFleet:
    return RedisFleet(link, redis_settings)


def test_versions_of_one_model_are_served_side_by_side(fleet: RedisFleet) -> None:
    """Every version is known with its processes; new jobs get the one that was announced last."""
    fleet.announce("a", served(CARD, OTHER))
    assert set(fleet.versions()) == {CARD.full_name, OTHER.full_name}
    assert fleet.serving() == {CARD.full_name: 1, OTHER.full_name: 1}
    assert current(fleet) == {"mine": OTHER.version}


def test_a_version_that_nobody_serves_is_forgotten_and_its_model_is_not(fleet: RedisFleet) -> None:
    """A version is remembered after its last worker for a time in which others are served."""
    fleet.announce("old", served(CARD))
    fleet.leave("old")
    fleet.announce("new", served(OTHER))
    fleet.forget_unserved(3600)
    assert set(fleet.versions()) == {CARD.full_name, OTHER.full_name}
    fleet.forget_unserved(0)
    fleet.serving()
    assert set(fleet.versions()) == {OTHER.full_name}
    assert current(fleet) == {"mine": OTHER.version}


def test_new_jobs_get_the_version_that_is_preferred(fleet: RedisFleet) -> None:
    """It may be older than another one that is served too; of several the last is for new jobs."""
    fleet.announce("here-1", served(CARD, OTHER))
    assert current(fleet) == {"mine": OTHER.version}
    fleet.prefer(served(CARD)[0])
    assert current(fleet) == {"mine": CARD.version}
    fleet.beat("here-1", [CARD.full_name, OTHER.full_name])
    fleet.announce("here-1", served(CARD, OTHER), replaces=True)
    assert current(fleet) == {"mine": CARD.version}


def test_a_version_that_leaves_has_processes_and_no_new_jobs(fleet: RedisFleet) -> None:
    """Another version of the model gets these, if one is served; else nobody knows the model."""
    fleet.announce("here-1", served(CARD, OTHER, KEPT))
    full_names = [card.full_name for card in (CARD, OTHER, KEPT)]
    leaving = [OTHER.full_name, KEPT.full_name]
    for _ in range(2):
        fleet.beat("here-1", full_names, leaving)
        for full_name in leaving:
            fleet.retire(full_name)
        assert current(fleet) == {"mine": CARD.version}
        assert set(fleet.serving()) == set(full_names)
    fleet.beat("here-1", full_names, [OTHER.full_name])
    assert current(fleet) == {"mine": CARD.version, "kept": KEPT.version}


def test_a_version_that_was_replaced_before_is_not_retired_again(fleet: RedisFleet) -> None:
    """What another worker has announced meanwhile stays."""
    fleet.announce("here-1", served(CARD))
    fleet.prefer(served(OTHER)[0])
    fleet.retire(CARD.full_name)
    fleet.announce("here-1", served(CARD, OTHER), replaces=True)
    assert current(fleet) == {"mine": OTHER.version}


def test_a_process_that_has_loaded_more_meanwhile_keeps_it(
    fleet: RedisFleet, link: RedisLink, redis_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat that marks a version as leaving writes over no newer announcement."""
    fleet.announce("here-1", served(CARD))
    process, run = RedisFleet(link, redis_settings), link.run

    def run_later(script: str, *args: Any, **more: Any) -> Any:
        if script == "amend":
            process.announce("here-1", served(CARD, KEPT), replaces=True)
        return run(script, *args, **more)

    names = [CARD.full_name, KEPT.full_name]
    fleet.beat("here-1", names)
    monkeypatch.setattr(link, "run", run_later)
    fleet.beat("here-1", names, [CARD.full_name])
    assert fleet.serving() == dict.fromkeys(names, 1)
    monkeypatch.undo()
    fleet.beat("here-1", names, [CARD.full_name])
    assert [one.leaving for one in fleet.announced()[os.getpid()]] == [True, False]


def test_a_group_that_starts_takes_no_new_jobs_from_another_environment(
    fleet: RedisFleet, link: RedisLink, redis_settings: Settings
) -> None:
    """It serves a version of the model, and leaves that for new jobs to others."""
    fleet.announce("a", served(OTHER))
    RedisFleet(link, redis_settings).announce("b", served(CARD, KEPT), yields={"mine"})
    assert current(fleet) == {"kept": KEPT.version, "mine": OTHER.version}
    fleet.leave("a")
    assert current(fleet)["mine"] == CARD.version


def test_what_is_left_to_others_has_failed_only_if_nobody_serves_it(fleet: RedisFleet) -> None:
    """The reason is that of a worker that leaves it."""
    fleet.announce("a", served(KEPT))
    why = "its card names numpy 1.26; here, numpy 2.4"
    fleet.describe(a_worker("a", models=[KEPT.full_name], declined={CARD.full_name: why}))
    assert fleet.failed() == {"mine": f"{CARD.full_name} fits no worker: {why}."}
    assert fleet.to_serve() == {"kept"}
    both = {CARD.full_name: why, OTHER.full_name: why}
    fleet.describe(a_worker("a", models=[KEPT.full_name], declined=both))
    assert fleet.failed() == {
        "mine": " ".join(f"{one} fits no worker: {why}." for one in sorted(both))
    }
    fleet.announce("b", served(CARD, OTHER))
    assert fleet.failed() == {}
