"""The parts of bulk jobs on Redis. Keys: `job:<id>:*`."""

from typing import Any

from shared.jobs.job_store import FINISH, NOTHING, BadRow, Begun, Walk
from shared.jobs.outcome import Outcome, Summary
from shared.redis.base import RedisBase
from shared.redis.records import counts_of, flat, part_of, summary_of, text_of
from shared.tables.parts import Part

#: What a script answers that has failed the job it was to go on with.
_FAILED = 2


class RedisParts(RedisBase):
    """The part of `JobStore` that bulk jobs are split, scored and finished by."""

    def last_part(self, job_id: str) -> tuple[int, Part | None]:
        """How many parts are recorded, and the last of them."""
        pipe = self._link.client.pipeline()
        pipe.llen(self._job(job_id, "parts"))
        pipe.lindex(self._job(job_id, "parts"), -1)
        known, last = pipe.execute()
        return known, part_of(last) if last else None

    def parts(self, job_id: str, begin: int, end: int) -> list[Part]:
        """The parts with numbers from `begin` to `end` - 1, as far as they are recorded."""
        return [
            part_of(text)
            for text in self._link.client.lrange(self._job(job_id, "parts"), begin, end - 1)
        ]

    def add_parts(
        self, job_id: str, parts: list[Part], *, known: int, last: bool, lanes: int
    ) -> Walk:
        """Record parts that were cut, behind the `known` ones; `last`: there are no more."""
        cut_bytes = parts[-1].end if parts else 0
        return self._walk(
            "add_parts",
            job_id,
            known,
            int(last),
            lanes,
            self._lease,
            self._retention,
            cut_bytes,
            *map(text_of, parts),
        )

    def begin_part(self, job_id: str, part: int) -> Begun | None:
        """Take up a part that was handed out, for one lease; None where there is nothing to do."""
        answer = self._link.run("begin_part", job_id, part, self._lease)
        if not answer:
            return None
        where, attempts, note, restored = answer
        return Begun(part_of(where), attempts, note, attempts > 1 or bool(restored))

    def note(self, job_id: str, part: int, note: str) -> None:
        """Leave a note for whoever takes the part up next; nothing, where the job does not run."""
        self._link.run("note", job_id, part, note)

    def renew_part(self, job_id: str, part: int) -> None:
        """Renew the lease of a part, if it is under way."""
        self._link.run("renew", self._job(job_id, "leases"), self._lease, part)

    def hold_up(self, job_id: str, part: int, reason: str) -> None:
        """Give a part back that could not be done, for a reason that lies in none of its rows."""
        self._link.run("hold_up", job_id, part, self._lease, reason)

    def complete_part(
        self,
        job_id: str,
        part: int,
        *,
        completed: int,
        failed: int,
        lanes: int,
        bad: BadRow | None = None,
        summary: Summary = NOTHING,
    ) -> Walk:
        """Mark a part done that was handed out, and count its rows, the first time only."""
        first = (bad.row, bad.said) if bad else ("", "")
        scores = summary.total, _or_nothing(summary.least), _or_nothing(summary.most)
        return self._walk(
            "complete_part",
            job_id,
            part,
            completed,
            failed,
            lanes,
            self._lease,
            self._retention,
            *first,
            *scores,
            *flat(counts_of(summary)),
        )

    def outcome(self, job_id: str) -> Outcome:
        """Which parts of a bulk job are done, and what their scores come to."""
        pipe = self._link.client.pipeline(transaction=False)
        # Bits are no text, which the client takes everything for.
        pipe.execute_command("GET", self._job(job_id, "done"), NEVER_DECODE=True)
        pipe.execute_command("GET", self._job(job_id, "bad"), NEVER_DECODE=True)
        pipe.hgetall(self._job(job_id, "summary"))
        done, bad, fields = pipe.execute()
        return Outcome(done=(done or b"").hex(), bad=(bad or b"").hex(), summary=summary_of(fields))

    def begin_finish(self, job_id: str) -> bool:
        """Take up what is left to do when all parts are done, for one lease."""
        return bool(self._link.run("begin_finish", job_id, FINISH, self._lease))

    def _walk(self, script: str, *args: Any) -> Walk:
        counted, all_done, *dispatch = self._link.run(script, *args)
        return Walk(counted == 1, bool(all_done), dispatch, failed=counted == _FAILED)


def _or_nothing(score: float | None) -> float | str:
    return "" if score is None else score
