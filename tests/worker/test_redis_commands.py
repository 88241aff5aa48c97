"""How many commands a part costs Redis: a count, so it is the same on every machine.

`docs/scale.md` tells what they are. A message costs two more (`tests/shared/redis/test_broker.py`).
"""

from collections import Counter

from support.in_memory import make_service
from support.redis_commands import commands_during

from shared.config.settings import Settings
from shared.redis.link import RedisLink

#: The most commands of a part, from its cut to its count; those inside scripts count, too.
MOST = 36


def commands_of(rows: int, settings: Settings, link: RedisLink) -> Counter[str]:
    """What a job runs whose parts have one row each."""
    changes = {"default_model": "length", "min_part_rows": 1, "part_seconds": 1e-9}
    service = make_service(settings.model_copy(update=changes), link)
    job = service.submit(b"text\n" + b"good\n" * rows)
    commands = commands_during(link, service.work)
    found = service.store.get(job.json["id"])
    assert (found.state, found.parts, found.completed) == ("succeeded", rows, rows)
    return commands


def test_the_commands_of_a_part(link: RedisLink, redis_settings: Settings) -> None:
    """A part of a bulk job costs a known number of commands: what is added here is paid each time.

    Parts of a short job and of a long one are compared, so what a job costs once is left out.
    """
    few, many = 20, 84
    difference = commands_of(many, redis_settings, link)
    difference.subtract(commands_of(few, redis_settings, link))
    each = {name: calls / (many - few) for name, calls in difference.items() if calls}
    assert sum(each.values()) <= MOST, each
