"""Bounds the deliveries that run at a time, so that silent receivers hold up no others."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from shared.webhooks.checked_http import Cutoff

#: The most callbacks that a worker delivers at a time. A delivery mostly waits, so it costs little.
MAX_CONCURRENT = 64

#: The most of them for one owner, so that an owner with many silent receivers leaves slots.
MAX_CONCURRENT_PER_OWNER = 32

#: The most of them to one receiver, so that a slow receiver with many jobs leaves slots for others.
MAX_CONCURRENT_PER_RECEIVER = 2

#: How long a delivery may last in any case, in seconds. If slots are short, the oldest delivery
#: that has lasted longer is cut off.
LEAST_SECONDS = 2.0


@dataclass(eq=False)
class Delivery:
    """A delivery that is under way."""

    owner: str
    receiver: str
    started: float
    cutoff: Cutoff = field(default_factory=Cutoff)


class NoSlot(Exception):
    """There is no slot for a delivery now.

    Attributes:
        is_full: no delivery has a slot, whatever its owner and its receiver.
    """

    def __init__(self, *, is_full: bool) -> None:
        self.is_full = is_full
        super().__init__("there is no slot for a delivery")


class DeliverySlots:
    """The slots for the deliveries of a worker; any thread may use it.

    While other deliveries wait, a silent receiver holds a slot for `least_seconds` at most. So a
    callback with N silent receivers before it waits for N / `most` times `least_seconds`.

    Attributes:
        most: the number of slots.
    """

    def __init__(
        self,
        most: int = MAX_CONCURRENT,
        *,
        least_seconds: float = LEAST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make `most` slots; half of them, but at most 32, are for one owner."""
        self.most = most
        self._most_of_owner = min(MAX_CONCURRENT_PER_OWNER, (most + 1) // 2)
        self._least_seconds = least_seconds
        self._clock = clock
        self._lock = Lock()
        self._under_way: dict[Delivery, None] = {}  # in the order of their start

    @contextmanager
    def slot(self, owner: str, receiver: str) -> Iterator[Cutoff]:
        """Hold a slot for a block, which must stop when the yielded `Cutoff` cuts it off.

        Args:
            owner: the owner of the job; empty if the service has no keys.
            receiver: the host and the port.

        Raises:
            NoSlot: there is none; the block does not run.
        """
        delivery = Delivery(owner, receiver, self._clock())
        with self._lock:
            self._make_room(delivery)
            self._under_way[delivery] = None
        try:
            yield delivery.cutoff
        finally:
            with self._lock:
                self._under_way.pop(delivery, None)

    def _make_room(self, new: Delivery) -> None:
        same = [one for one in self._under_way if one.receiver == new.receiver]
        if len(same) >= MAX_CONCURRENT_PER_RECEIVER:
            raise NoSlot(is_full=False)
        of_owner = [one for one in self._under_way if one.owner == new.owner]
        # Without keys all jobs have one owner.
        if new.owner and len(of_owner) >= self._most_of_owner:
            self._cut_off_oldest(of_owner, new.started, is_full=False)
        elif len(self._under_way) >= self.most:
            self._cut_off_oldest(list(self._under_way), new.started, is_full=True)

    def _cut_off_oldest(self, deliveries: list[Delivery], now: float, *, is_full: bool) -> None:
        oldest = deliveries[0]
        if now - oldest.started < self._least_seconds:
            raise NoSlot(is_full=is_full)
        oldest.cutoff.cut()
        del self._under_way[oldest]
