"""The rates of a process's models: measured at its start, and learned from what it scores."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from redis.exceptions import RedisError
from typing_extensions import override

from shared.fleet import Fleet
from shared.tables.spans import Texts

logger = logging.getLogger(__name__)

#: The length of a text of usual length, as a rate counts texts.
USUAL_CHARS = 75

#: A run is looked at only if its rate is this many times higher or lower: that takes time, and
#: smaller differences say nothing.
DIFFERENT = 1.1

#: How much of the difference one slow run changes: the machine may just be busy. Of the second slow
#: run in a row twice this share is taken, and so on: after five of them the rate is theirs.
SLOWER_SHARE = 0.2

#: The learned rate is at most this many times the measured one: rows may be fast for a reason that
#: other rows do not share, such as texts that the model cuts to nothing.
MOST_TIMES = 30

#: A rate that has changed by less than this share is not told to the others.
TOLD_CHANGE = 0.1


class Rates(Mapping[str, float]):
    """Rows of usual length per second of each model in this process, by full name.

    A model may have been measured while the machine was busy. A run of rows that was scored shows
    what the rate is at least, and at most; the rate moves between the two.
    """

    def __init__(self, measured: Mapping[str, float], fleet: Fleet, part_seconds: float) -> None:
        """Take the rates that were measured.

        Args:
            measured: rows per second, by full name; there may be more of them later.
            fleet: knows what other processes have learned, and is told what this one learns.
            part_seconds: how long a part should take; a run of half of it can show a lower rate.
        """
        self._fleet = fleet
        self._long_run = part_seconds / 2
        self._measured = measured
        self._most: dict[str, float] = {}
        self._rates: dict[str, float] = {}
        #: How many slow runs of a model there were in a row.
        self._slow_runs: dict[str, int] = {}
        self._begin(measured)
        self._told = dict(self._rates)

    def _begin(self, full_names: Iterable[str]) -> None:
        """Begin with the rates of these models, as they are measured or learned by others."""
        learned: Mapping[str, float] = {}
        with suppress(RedisError):
            learned = self._fleet.rates()
        for name in full_names:
            rate = self._measured[name]
            self._most[name] = MOST_TIMES * rate
            self._rates[name] = min(learned.get(name, rate), self._most[name])

    @override
    def __getitem__(self, full_name: str) -> float:
        if full_name not in self._rates:
            # The process has loaded it since.
            self._begin([full_name])
            self._told[full_name] = self._rates[full_name]
        return self._rates[full_name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._measured)

    @override
    def __len__(self) -> int:
        return len(self._measured)

    def learn(
        self, full_name: str, rows: int, seconds: float, texts: Sequence[str] | None = None
    ) -> None:
        """Compare the rate of a model with a run of rows that it has scored.

        Args:
            full_name: the model.
            rows: the number of rows.
            seconds: how long it took.
            texts: the rows, if each is one text.
        """
        rate = self[full_name]
        if rows > rate * seconds * DIFFERENT:
            least = float(rows)
            if texts is not None:
                # Equal texts may be scored once, and short ones faster.
                different = set(texts)
                least = min(len(different), _chars(different) / USUAL_CHARS)
            least /= max(seconds, 1e-9)
            self._rates[full_name] = max(rate, min(least, self._most[full_name]))
            self._slow_runs[full_name] = 0
        elif seconds >= self._long_run:
            # In a short run the call itself takes most of the time, so it shows no lower rate.
            self._lower(full_name, max(rows, _chars(texts or ()) / USUAL_CHARS) / seconds)
        if abs(self._rates[full_name] / self._told[full_name] - 1) >= TOLD_CHANGE:
            self._tell(full_name, self._rates[full_name])

    def _lower(self, full_name: str, most: float) -> None:
        """Lower the rate towards `most`, the rate of a long run, if that is slow."""
        rate = self._rates[full_name]
        if most * DIFFERENT >= rate:
            self._slow_runs[full_name] = 0
            return
        slow_runs = self._slow_runs[full_name] = self._slow_runs.get(full_name, 0) + 1
        self._rates[full_name] = rate + (most - rate) * min(slow_runs * SLOWER_SHARE, 1.0)

    def _tell(self, full_name: str, rate: float) -> None:
        # If Redis is away, the next run tells it.
        with suppress(RedisError):
            self._fleet.learn(full_name, rate)
            self._told[full_name] = rate
            logger.info("%s scores %.0f rows/s", full_name, rate)


def _chars(texts: Iterable[str]) -> int:
    return sum(texts.characters if isinstance(texts, Texts) else map(len, texts))
