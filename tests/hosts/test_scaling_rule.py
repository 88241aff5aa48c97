"""The rule of autoscaling, by numbers alone; `test_autoscaling.py` has it start real workers."""

import pytest
from support.hosts.scaling import Rule


@pytest.fixture
def rule() -> Rule:
    return Rule(clear_seconds=60, processes=2, most=5, window_seconds=90, cooldown_seconds=120)


def test_the_number_follows_what_waits_upwards_at_once(rule: Rule) -> None:
    """As many workers as clear the backlog in time, rounded up, and no more than allowed."""
    backlogs = [0, 1, 120, 121, 5000]
    assert [rule.workers(backlog, now) for now, backlog in enumerate(backlogs)] == [0, 1, 1, 2, 5]


def test_no_worker_is_stopped_while_its_load_is_cleared(rule: Rule) -> None:
    """Five workers stay five while what waits becomes less, for as long as the window."""
    numbers = [rule.workers(max(600 - 10 * now, 0), now) for now in range(150)]
    assert numbers[:91] == [5] * 91
    assert sorted(numbers, reverse=True) == numbers
    assert numbers[-1] == 1


def test_it_reaches_zero_only_after_the_cooldown_and_comes_back(rule: Rule) -> None:
    """The last worker stays for the cooldown; a job brings back the first at once."""
    assert rule.workers(1, 0) == 1
    assert rule.workers(0, 119) == 1
    assert rule.workers(0, 120) == 0
    assert rule.workers(1, 121) == 1
