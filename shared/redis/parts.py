"""The parts of bulk jobs on Redis: the section of the job store for split, score and finish."""

from typing import Any

from typing_extensions import override

from shared.jobs.job_store import FINISH, NOTHING, BadRow, Begun, Step, Walk
from shared.jobs.outcome import Outcome
from shared.jobs.summary import Summary
from shared.jobs.usage import NO_COST, Cost
from shared.redis.base import RedisBase
from shared.redis.records import part_of, text_of
from shared.redis.summaries import arguments_of, summary_of
from shared.tables.parts import Part

#: What a script answers in place of `wanted` if this call has made the job fail.
_FAILED = 2


class RedisParts(RedisBase):
    """Bulk jobs: how they are split, scored and finished."""

    @override
    def last_part(self, job_id: str) -> tuple[int, Part | None]:
        parts = self._job(job_id, "parts")
        known, last = self._link.at_once(("LLEN", parts), ("LINDEX", parts, -1))
        return known, part_of(last) if last else None

    @override
    def parts(self, job_id: str, begin: int, end: int) -> list[Part]:
        return [
            part_of(text)
            for text in self._link.client.lrange(self._job(job_id, "parts"), begin, end - 1)
        ]

    @override
    def add_parts(
        self, job_id: str, parts: list[Part], *, known: int, last: bool, lanes: int
    ) -> Walk:
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

    @override
    def hand_out(self, full_name: str, *, lanes: int, check: bool = False) -> list[Step]:
        return _steps(self._link.run("hand_out", full_name, lanes, self._lease, int(check)))

    @override
    def begin_part(self, job_id: str, part: int) -> Begun | None:
        answer = self._link.run("begin_part", job_id, part, self._lease)
        if not answer:
            return None
        where, attempts, note, restored = answer
        return Begun(part_of(where), attempts, note, attempts > 1 or bool(restored))

    @override
    def note(self, job_id: str, part: int, note: str) -> None:
        self._link.run("note", job_id, part, note)

    @override
    def renew_part(self, job_id: str, part: int) -> None:
        # A part of a large fleet lasts for seconds, so this is called often.
        until = self._link.now() + self._lease
        self._link.at_once(("ZADD", self._job(job_id, "leases"), "XX", until, part))

    @override
    def hold_up(self, job_id: str, part: int, reason: str) -> None:
        self._link.run("hold_up", job_id, part, self._lease, reason)

    @override
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
        cost: Cost = NO_COST,
        libraries: str = "",
    ) -> Walk:
        first = (bad.row, bad.description) if bad else ("", "")
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
            cost.bytes,
            cost.micros,
            self._usage_seconds,
            libraries,
            *arguments_of(summary),
        )

    @override
    def report_lost(self, job_id: str, part: int, rows: int) -> None:
        self._link.run("report_lost", job_id, part, rows)

    @override
    def outcome(self, job_id: str) -> Outcome:
        pipe = self._link.client.pipeline(transaction=False)
        # The client decodes answers as text, and bits are not text.
        pipe.execute_command("GET", self._job(job_id, "done"), NEVER_DECODE=True)
        pipe.execute_command("GET", self._job(job_id, "bad"), NEVER_DECODE=True)
        pipe.hgetall(self._job(job_id, "summary"))
        pipe.execute_command("HGETALL", self._job(job_id, "outputs"), NEVER_DECODE=True)
        done, bad, errors, outputs = pipe.execute()
        summary = summary_of(errors, outputs)
        return Outcome(done=(done or b"").hex(), bad=(bad or b"").hex(), summary=summary)

    @override
    def begin_finish(self, job_id: str) -> bool:
        return bool(self._link.run("begin_finish", job_id, FINISH, self._lease))

    def _walk(self, script: str, *args: Any) -> Walk:
        counted, all_done, *steps = self._link.run(script, *args)
        return Walk(counted == 1, bool(all_done), _steps(steps), failed=counted == _FAILED)


def _steps(answer: list[Any]) -> list[Step]:
    """The steps in an answer of a script: four values for each; see `lua/turns.lua`."""
    records = zip(*(answer[at::4] for at in range(4)), strict=True)
    return [
        Step(job_id, int(part), {"traceparent": trace, "request_id": request})
        for job_id, part, trace, request in records
    ]
