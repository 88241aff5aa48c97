"""The parts of bulk jobs in memory."""

import math
import time

from support.doubles.record import Record
from support.doubles.summaries import put_together
from support.doubles.turns import Turns, first
from support.doubles.usage import InMemoryUsage
from typing_extensions import override

from shared.jobs.job_store import (
    FINISH,
    NOTHING,
    SPLIT,
    BadRow,
    Begun,
    Step,
    Walk,
)
from shared.jobs.outcome import Outcome, bits_of
from shared.jobs.state import ENDED
from shared.jobs.summary import Summary
from shared.jobs.usage import NO_COST, Cost
from shared.tables.parts import Part


class InMemoryParts(InMemoryUsage):
    """The parts of bulk jobs, kept in the records."""

    @override
    def last_part(self, job_id: str) -> tuple[int, Part | None]:
        parts = self._records[job_id].parts if job_id in self._records else []
        return len(parts), parts[-1] if parts else None

    @override
    def parts(self, job_id: str, begin: int, end: int) -> list[Part]:
        return self._records[job_id].parts[begin:end] if job_id in self._records else []

    @override
    def add_parts(
        self, job_id: str, parts: list[Part], *, known: int, last: bool, lanes: int
    ) -> Walk:
        record = self._running(job_id)
        if record is None or len(record.parts) != known or record.complete:
            return Walk()
        record.parts += parts
        rows = record.job.cut_rows + sum(part.rows for part in parts)
        record.update(parts=len(record.parts), cut_rows=rows)
        if parts:
            record.update(cut_bytes=parts[-1].end)
        if last:
            record.complete = True
            record.update(total=rows)
            self._settle(record)
            if self._fails(record):
                return Walk(failed=True)
        record.split_lease = time.time() + self._settings.lease_seconds
        record.to_split = False
        self._turns_of(record).under_way.discard((job_id, SPLIT))
        return self._go_on(record, lanes)

    def _turns_of(self, record: Record) -> Turns:
        return self._turns[record.job.spec.full_name]

    def _fails(self, record: Record) -> bool:
        failed = record.fails()
        if failed:
            self._turns_of(record).stop(record)
            self._settle(record)
            self._count_in_hour(record.job.spec.full_name, record.summary.watched)
        return failed

    def _go_on(self, record: Record, lanes: int) -> Walk:
        if record.has_more(math.inf):
            self._turns_of(record).take(record)
        return Walk(True, record.all_done, self.hand_out(record.job.spec.full_name, lanes=lanes))

    @override
    def hand_out(self, full_name: str, *, lanes: int, check: bool = False) -> list[Step]:
        # Every worker here frees its lanes, so there is nothing to check.
        turns, steps = self._turns[full_name], []
        while turns.owners and len(turns.under_way) < lanes:
            owner = first(turns.owners)
            job_id, more = first(turns.jobs[owner]), False
            record = self._records.get(job_id)
            if record and record.job.state not in ENDED and record.has_more(lanes):
                cost = turns.cost(record)
                part = record.take_step(self._settings.lease_seconds)
                turns.under_way.add((job_id, part))
                steps.append(Step(job_id, part, {"traceparent": record.job.spec.traceparent}))
                turns.charge(record, cost)
                more = record.dispatched < len(record.parts)
            if not more:
                turns.leave(job_id, owner)
        return steps

    @override
    def begin_part(self, job_id: str, part: int) -> Begun | None:
        record = self._running(job_id)
        if record is None or part in record.done or part >= record.dispatched:
            return None
        record.leases[part] = time.time() + self._settings.lease_seconds
        record.attempts[part] = record.attempts.get(part, 0) + 1
        attempts, note = record.attempts[part], record.notes.get(part, "")
        return Begun(record.parts[part], attempts, note, attempts > 1 or record.restored)

    @override
    def renew_part(self, job_id: str, part: int) -> None:
        record = self._running(job_id)
        if record and part in record.leases:
            record.leases[part] = time.time() + self._settings.lease_seconds

    @override
    def hold_up(self, job_id: str, part: int, reason: str) -> None:
        if record := self._running(job_id):
            record.attempts[part] = max(record.attempts.get(part, 0) - 1, 0)
            record.update(held_up=reason)
            if part in record.leases:
                record.leases[part] = time.time() + self._settings.lease_seconds
            self._turns_of(record).under_way -= {(job_id, part), (job_id, SPLIT)}

    @override
    def note(self, job_id: str, part: int, note: str) -> None:
        if record := self._running(job_id):
            record.notes[part] = note

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
        record = self._running(job_id)
        if record is None or part >= record.dispatched:
            return Walk()
        record.leases.pop(part, None)
        self._turns_of(record).under_way.discard((job_id, part))
        if part in record.done:
            return Walk(wanted=True)
        record.done.add(part)
        if part in record.counted:
            record.uncounted += completed + failed
        else:
            self._count_job(record.job, completed, failed, cost)
        record.mark_rate(completed + failed, lanes)
        record.update(
            completed=record.job.completed + completed,
            failed=record.job.failed + failed,
            parts_done=len(record.done),
            held_up=None,
        )
        if libraries and libraries not in (record.job.libraries or ""):
            record.update(libraries="\n".join(filter(None, [record.job.libraries, libraries])))
        record.summary = put_together(record.summary, summary)
        if failed:
            record.bad_parts.add(part)
        if bad and (record.bad is None or bad.row < record.bad.row):
            record.bad = bad
        if self._fails(record):
            return Walk(failed=True)
        return self._go_on(record, lanes)

    @override
    def report_lost(self, job_id: str, part: int, rows: int) -> None:
        record = self._records.get(job_id)
        if record and part not in record.lost_parts:
            record.lost_parts.add(part)
            record.bad_parts.add(part)
            record.update(lost=(record.job.lost or 0) + rows)

    @override
    def outcome(self, job_id: str) -> Outcome:
        record = self._records.get(job_id)
        if record is None:
            return Outcome()
        done, bad = bits_of(record.done), bits_of(record.bad_parts)
        return Outcome(done=done, bad=bad, summary=record.summary)

    @override
    def begin_finish(self, job_id: str) -> bool:
        record = self._running(job_id)
        if record is None or not record.all_done or record.is_leased(FINISH):
            return False
        record.leases[FINISH] = time.time() + self._settings.lease_seconds
        return True
