"""What all sections of the job store on Redis share."""

import math

from shared.config.owner_weights import weights_of
from shared.config.settings import Settings
from shared.jobs.bulk_limits import BulkLimits
from shared.jobs.job_store import JobStore
from shared.redis.held_bytes import HeldLimits
from shared.redis.link import RedisLink

#: How long a question without an answer is remembered after its asker has given it up, in seconds.
ASKED_SECONDS = 600

#: What follows `job:<id>` in the names of a job's keys.
TAILS = (
    "",
    ":parts",
    ":done",
    ":bad",
    ":counted",
    ":summary",
    ":outputs",
    ":leases",
    ":attempts",
    ":notes",
    ":rows",
    ":result",
    ":bell",
)


class RedisBase(JobStore):
    """The link, the names of keys, and the lifetimes of keys."""

    def __init__(self, link: RedisLink, settings: Settings) -> None:
        self._link = link
        self._lease = settings.lease_seconds
        self._retention = settings.retention_seconds
        self._kept_seconds = settings.keep_none_seconds
        # An asker asks again as long as it waits.
        self._asked_seconds = ASKED_SECONDS + math.ceil(settings.sentiment_timeout)
        self._usage_seconds = settings.usage_days * 86400
        self._binding_seconds = settings.idempotency_seconds
        self._batch_rows = settings.batch_rows
        self._max_waiting_small = settings.max_waiting_small
        self._bulk_limits = BulkLimits.of(settings)
        self._held_limits = HeldLimits(settings)
        self._weights = weights_of(settings.owner_weights)

    def _job(self, job_id: str, *tail: str) -> str:
        return self._link.key("job", job_id, *tail)

    def _remove(self, job_id: str, remembered_seconds: int = 0) -> None:
        """Remove a job; its id may be remembered as that of an expired job."""
        self._link.run("remove_job", job_id, remembered_seconds, *TAILS)

    def _small(self, full_name: str, owner: str = "") -> str:
        """The list of what waits of an owner with the usual priority; see `lua/waiting.lua`."""
        tail = (owner, "1") if owner else ()
        return self._link.key("small", full_name, *tail)
