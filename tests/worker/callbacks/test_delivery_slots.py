"""The slots for deliveries: who gets one, and who loses one."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count

import pytest

from shared.webhooks.checked_http import Cutoff
from worker.callbacks.delivery_slots import DeliverySlots, NoSlot


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def fill(stack: ExitStack, slots: DeliverySlots, owner: str, number: int) -> list[Cutoff]:
    """Hold slots for deliveries of an owner, each to a receiver of its own."""
    return [stack.enter_context(slots.slot(owner, f"{next(_numbers)}:80")) for _ in range(number)]


_numbers = count()


def test_a_receiver_gets_two_slots(clock: Clock, stack: ExitStack) -> None:
    """A slow receiver with many jobs holds two slots, and takes no slot from itself."""
    slots = DeliverySlots(8, clock=clock)
    first = [stack.enter_context(slots.slot("a", "slow:80")) for _ in range(2)]
    clock.now = 100.0
    with pytest.raises(NoSlot) as raised:
        stack.enter_context(slots.slot("b", "slow:80"))
    assert not raised.value.is_full
    assert not any(one.is_cut for one in first)
    assert len(fill(stack, slots, "b", 4)) == 4


def test_the_oldest_delivery_makes_room(clock: Clock, stack: ExitStack) -> None:
    """If all slots are taken, the oldest one is cut off, but none within its least time."""
    slots = DeliverySlots(3, least_seconds=2.0, clock=clock)
    held = []
    for clock.now in (0.0, 1.0, 1.5):
        held += fill(stack, slots, "", 1)
    with pytest.raises(NoSlot) as raised:
        fill(stack, slots, "", 1)
    assert raised.value.is_full
    clock.now = 2.0
    held += fill(stack, slots, "", 1)
    assert [one.is_cut for one in held] == [True, False, False, False]
    with pytest.raises(NoSlot):
        fill(stack, slots, "", 1)


def test_an_owner_leaves_slots_to_others(clock: Clock, stack: ExitStack) -> None:
    """An owner with many silent receivers gets half of the slots, and cuts off only its own."""
    slots = DeliverySlots(4, least_seconds=2.0, clock=clock)
    other = fill(stack, slots, "b", 1)
    mine = fill(stack, slots, "a", 2)
    with pytest.raises(NoSlot) as raised:
        fill(stack, slots, "a", 1)
    assert not raised.value.is_full
    fill(stack, slots, "b", 1)
    clock.now = 2.0
    fill(stack, slots, "a", 1)
    assert [one.is_cut for one in mine] == [True, False]
    assert not other[0].is_cut


def test_a_service_without_keys_uses_all_slots(clock: Clock, stack: ExitStack) -> None:
    """Without keys all jobs have the same, empty owner, which has no share of its own."""
    assert len(fill(stack, DeliverySlots(4, clock=clock), "", 4)) == 4


def test_a_slot_that_was_left_is_free(clock: Clock, stack: ExitStack) -> None:
    """A delivery leaves its slot when it ends, also by an exception, and also if it was cut off."""
    slots = DeliverySlots(1, least_seconds=0.0, clock=clock)
    with suppress(KeyError), slots.slot("a", "x:80") as first:
        raise KeyError
    with slots.slot("a", "x:80") as second:
        fill(stack, slots, "a", 1)
    stack.close()
    with slots.slot("a", "x:80") as third:
        pass
    assert [one.is_cut for one in (first, second, third)] == [False, True, False]
