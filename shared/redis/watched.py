"""What was counted of rows, on Redis: the section of the job store for it."""

import json

from typing_extensions import override

from shared.drift.counts import counts_in, sum_of
from shared.jobs.watch_store import HOURS
from shared.redis.base import RedisBase
from shared.redis.summaries import watched_in

#: The field of the record of a small job with what was counted of its rows.
WATCHED_FIELD = "watched"


class RedisWatched(RedisBase):
    """Reads what scripts have counted; see `lua/watched.lua`."""

    @override
    def small_watched(self, job_id: str) -> dict[str, tuple[int, ...]]:
        text = self._link.client.hget(self._job(job_id), WATCHED_FIELD)
        return counts_in(json.loads(text)) if text else {}

    @override
    def watched_in_day(self, full_name: str) -> dict[str, tuple[int, ...]]:
        hour = int(self._link.now() // 3600)
        pipe = self._link.client.pipeline(transaction=False)
        for one in range(hour - HOURS + 1, hour + 1):
            key = self._link.key("watched", full_name, str(one))
            pipe.execute_command("HGETALL", key, NEVER_DECODE=True)
        return sum_of(watched_in(fields) for fields in pipe.execute())
