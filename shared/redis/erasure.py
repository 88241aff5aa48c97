"""Removes deleted texts from the append-only file of Redis, which holds every command.

A text that Redis has deleted stays in that file until Redis rewrites the file from the data that it
still holds. Without a request Redis does so only when the file has doubled.
"""

import logging
from contextlib import suppress

from redis.exceptions import RedisError, ResponseError

from shared.config.settings import Settings
from shared.jobs.job_store import JobStore
from shared.redis.link import RedisLink

logger = logging.getLogger(__name__)

#: Deletes within this time cause one rewrite together, in seconds.
AFTER_DELETE_SECONDS = 30.0


def want_rewrite(link: RedisLink) -> None:
    """Have the next `RedisErasure.run` rewrite the file: something was deleted.

    A Redis that takes no writes cannot note this; the periodic rewrite comes all the same.
    """
    with suppress(RedisError):
        link.at_once(("SET", link.key("deleted"), 1))


def note_refusal(link: RedisLink, reason: str, seconds: float) -> None:
    """Note for `scorelane doctor`, for some seconds, why Redis refuses to rewrite its file."""
    with suppress(RedisError):
        link.at_once(("SET", link.key("rewrite-refused"), reason[:200], "EX", round(seconds) + 1))


def refusal_of(link: RedisLink) -> str | None:
    """Why Redis refuses to rewrite its file, as a worker was told; None if it does not."""
    found: str | None = link.client.get(link.key("rewrite-refused"))
    return found


class RedisErasure:
    """Has Redis rewrite its append-only file: soon after a delete, and from time to time.

    Also from time to time, because a question and the rows of a small job are deleted by
    themselves when they are answered.
    """

    def __init__(self, link: RedisLink, settings: Settings, store: JobStore) -> None:
        """Take the connection, the settings, and the store, which knows when a rewrite is due."""
        self._link = link
        self._seconds = settings.aof_rewrite_seconds
        self._store = store
        self._reported = False

    def run(self) -> None:
        """Have the file rewritten if that is due."""
        soon = min(AFTER_DELETE_SECONDS, self._seconds)
        is_wanted = self._link.client.exists(self._link.key("deleted"))
        if (is_wanted and self._store.due("rewrite-soon", soon)) or self._store.due(
            "rewrite", self._seconds
        ):
            self._rewrite()

    def _rewrite(self) -> None:
        client = self._link.client
        try:
            if not client.info("persistence").get("aof_enabled"):
                return
            # First: what is deleted from now on may not be missing from the new file.
            client.delete(self._link.key("deleted"))
            client.bgrewriteaof()
        except ResponseError as error:
            if "in progress" in str(error):
                # That one may have begun before the delete: try again at the next turn.
                want_rewrite(self._link)
                client.delete(self._link.key("done", "rewrite-soon"))
                return
            if not self._reported:
                self._reported = True
                logger.warning("deleted texts stay in Redis's append-only file: %s", error)
            note_refusal(self._link, str(error), 2 * self._seconds)
        else:
            self._reported = False
            client.delete(self._link.key("rewrite-refused"))
