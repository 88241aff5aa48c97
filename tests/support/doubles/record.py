"""The record of a job in the job store in memory."""

import time
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.jobs.job import Job
from shared.jobs.job_store import (
    NOTHING,
    SPLIT,
    BadRow,
)
from shared.jobs.state import ENDED, CallbackState, State
from shared.jobs.summary import Summary
from shared.jobs.usage import Claim
from shared.tables.parts import Part


@dataclass
class Record:
    job: Job
    rows: bytes = b""
    result: bytes = b""
    parts: list[Part] = field(default_factory=list)
    complete: bool = False
    dispatched: int = 0
    done: set[int] = field(default_factory=set)
    leases: dict[int, float] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    split_lease: float = 0.0
    to_split: bool = True
    small_attempts: int = 0
    claim: float | None = None
    bad: BadRow | None = None
    restored: bool = False
    callback_due: float = 0.0
    bad_parts: set[int] = field(default_factory=set)
    lost_parts: set[int] = field(default_factory=set)
    summary: Summary = NOTHING
    watched: dict[str, tuple[int, ...]] = field(default_factory=dict)
    taken: tuple[date, Claim] | None = None
    counted: set[int] = field(default_factory=set)
    counted_before: int = 0
    uncounted: int = 0
    sent: int = 0
    #: The parts, the time and the rows of the last mark of the rate.
    mark: tuple[int, float, int] | None = None

    def update(self, **changes: Any) -> None:
        if self.job.spec.callback_url and changes.get("state") in ENDED - {State.EXPIRED}:
            changes |= {"callback_state": CallbackState.PENDING, "callback_attempts": None}
            self.callback_due = time.time()
        self.job = self.job.model_copy(update=changes)

    def mark_rate(self, rows: int, lanes: int) -> None:
        """Mark from where on the rate counts, as `lua/complete_part.lua` does."""
        before = self.mark or (0, self.job.started_at or 0.0, 0)
        if len(self.done) - before[0] >= max(2 * lanes, 1):
            self.update(recent_at=before[1], recent_rows=before[2])
            self.mark = (len(self.done), time.time(), self.job.rows_done + rows)

    def take_over(self, old: "Record") -> None:
        """Remember which parts of the job that this one retries were counted."""
        if old.job.spec.full_name != self.job.spec.full_name:
            return
        self.counted = old.done | old.counted
        self.counted_before = old.job.rows_done

    def await_callback(self) -> None:
        if self.job.callback_state is CallbackState.PENDING:
            self.callback_due = time.time()
        elif self.job.spec.callback_url and not self.job.callback_state:
            self.update(callback_state=CallbackState.WAITING)

    def has_more(self, lanes: float) -> bool:
        """Whether the job has a step to hand out."""
        parts_left = self.dispatched < len(self.parts)
        return self.to_split or (parts_left and self.dispatched - len(self.done) < lanes)

    def take_step(self, lease: float) -> int:
        """Hand out the next step: a part, or the split."""
        if self.to_split:
            self.to_split, self.split_lease = False, time.time() + lease
            return SPLIT
        self.leases[self.dispatched] = time.time() + lease
        self.dispatched += 1
        return self.dispatched - 1

    def fails(self) -> bool:
        """Fail the job if too many of its rows have an error. Returns whether it failed."""
        job = self.job
        most, failed, total = job.spec.tolerance, job.failed, job.total
        if not failed or most == 1 or (failed / total <= most if total else most > 0):
            return False
        allows = "fail" if most == 0 else repr(most)
        error = (
            f"More rows have an error than on_error={allows} allows: {failed} "
            f"{f'of {total}' if total else 'so far'}. The first found is "
            f"{self.bad and self.bad.description}."
        )
        self.update(state=State.FAILED, finished_at=time.time(), error=error, held_up=None)
        self.leases.clear()
        return True

    def is_leased(self, part: int) -> bool:
        return self.leases.get(part, 0.0) > time.time()

    @property
    def all_done(self) -> bool:
        return self.complete and len(self.done) == len(self.parts)
