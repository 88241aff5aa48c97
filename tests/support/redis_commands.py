"""Counts the commands that Redis runs, so that a test can hold their number."""

from collections import Counter
from collections.abc import Callable

from shared.redis.link import RedisLink


def commands_during(link: RedisLink, act: Callable[[], object]) -> Counter[str]:
    """The commands that Redis has run during a call, by their names; those in scripts count, too.

    Nobody else may use this Redis meanwhile.
    """
    before = _calls(link)
    act()
    found = _calls(link)
    found.subtract(before)
    # The first reading counts itself only when it has ended.
    found["info"] -= 1
    return +found


def _calls(link: RedisLink) -> Counter[str]:
    stats = link.client.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): one["calls"] for name, one in stats.items()})
