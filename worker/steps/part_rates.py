"""How fast a process takes whole parts: reading, scoring, rendering and writing them."""

import logging
from contextlib import suppress

from redis.exceptions import RedisError

from shared.fleet import Fleet, PartRate
from shared.jobs.spec import Spec
from shared.tables.parts import Part

logger = logging.getLogger(__name__)

#: The rate is the mean over about so many parts of usual length: long enough that one slow part
#: says little, and short enough that ten parts of usual length bring it within 20 % of a new rate.
MOST_PARTS = 5

#: A rate that has changed by less than this share is not told to the others.
TOLD_CHANGE = 0.1


class PartRates:
    """The rates of whole parts in this process, by model; the fleet is told of their changes.

    They are lower than those of scoring alone, and the other processes have their share in them:
    where all are busy, two processes on one core each have half of its rate.
    """

    def __init__(self, fleet: Fleet, part_seconds: float) -> None:
        """Take the collaborators.

        Args:
            fleet: is told.
            part_seconds: how long a part should take.
        """
        self._fleet = fleet
        self._most_seconds = MOST_PARTS * part_seconds
        #: By full name: rows, bytes and seconds of the last parts.
        self._sums: dict[str, tuple[float, float, float]] = {}
        self._told: dict[str, PartRate] = {}

    def learn(self, spec: Spec, part: Part, seconds: float) -> None:
        """Count a part that was scored; one for which more than scores were asked is left out.

        Earlier parts count less, so that all together have the weight of `MOST_PARTS` parts. A
        part counts by its seconds: many small jobs say little about a large one.

        Args:
            spec: of its job.
            part: the part.
            seconds: from its beginning until the process could take the next part.
        """
        if spec.second or spec.added or spec.as_batch:
            return
        full_name, seconds = spec.full_name, max(seconds, 1e-9)
        before = self._sums.get(full_name, (0.0, 0.0, 0.0))
        # A part that is longer than all of the time that is remembered stands alone.
        kept = min(max(self._most_seconds - seconds, 0.0) / before[2], 1.0) if before[2] else 0.0
        sums = (
            before[0] * kept + part.rows,
            before[1] * kept + part.length,
            before[2] * kept + seconds,
        )
        self._sums[full_name] = sums
        rate = PartRate(rows=sums[0] / sums[2], bytes=sums[1] / sums[2])
        if min(rate) > 0 and self._has_changed(full_name, rate):
            # If Redis is away, the next part tells it.
            with suppress(RedisError):
                self._fleet.learn_parts(full_name, rate)
                self._told[full_name] = rate
                logger.info("parts of %s take %.0f rows/s", full_name, rate.rows)

    def _has_changed(self, full_name: str, rate: PartRate) -> bool:
        told = self._told.get(full_name)
        if told is None:
            # A single small job takes mostly the calls themselves.
            return self._sums[full_name][2] * 2 >= self._most_seconds / MOST_PARTS
        return any(abs(now / was - 1) >= TOLD_CHANGE for now, was in zip(rate, told, strict=True))
