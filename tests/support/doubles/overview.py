"""The overview in memory, which is held to the same contract as the one on Redis."""

import time
from collections import deque
from collections.abc import Collection

from support.doubles.job_store import InMemoryJobStore
from support.doubles.record import Record
from typing_extensions import override

from shared.jobs.job_ids import made_at
from shared.jobs.job_store import Question
from shared.jobs.state import ENDED, State
from shared.monitoring.overview import Overview, Totals, Workload


class InMemoryOverview(Overview):
    """The workload and the totals, counted from the records of a job store in memory."""

    def __init__(self, store: InMemoryJobStore) -> None:
        self._store = store

    @override
    def workloads(self, full_names: Collection[str]) -> dict[str, Workload]:
        records = list(self._store._records.values())
        there = {one.job.spec.full_name for one in records if one.job.state not in ENDED}
        names = {*full_names, *there, *self._store._waiting}
        return {name: self._of(name, records) for name in names}

    def _of(self, name: str, records: list[Record]) -> Workload:
        mine = [one for one in records if one.job.spec.full_name == name]
        bulk = [one for one in mine if one.job.spec.kind == "bulk" and one.job.state not in ENDED]
        claimed = [one for one in mine if one.claim is not None]
        left, in_work = 0, 0
        for one in bulk:
            left += (one.job.total or one.job.spec.about_rows) - one.job.rows_done
            in_work += sum(one.parts[part].rows for part in one.leases if one.attempts.get(part))
        waiting = self._store._waiting.get(name, deque())
        first = waiting[-1] if waiting else ""
        first_id = first.id if isinstance(first, Question) else first
        return Workload(
            queued_jobs=sum(one.job.state is State.QUEUED for one in bulk),
            running_jobs=sum(one.job.state is State.RUNNING for one in bulk),
            waiting_rows=max(left - in_work, 0),
            running_rows=in_work,
            waiting_small=len(waiting),
            running_small=len(claimed),
            oldest_small_seconds=max(time.time() - made_at(first_id), 0.0) if first_id else 0.0,
        )

    @override
    def totals(self) -> Totals:
        totals = Totals()
        for one in self._store._records.values():
            job, name = one.job, one.job.spec.full_name
            if job.rows_done:
                totals.completed[name] = totals.completed.get(name, 0) + job.completed
                totals.failed[name] = totals.failed.get(name, 0) + job.failed
            if one.done:
                totals.parts[name] = totals.parts.get(name, 0) + len(one.done)
            if job.state in ENDED:
                totals.ended[job.state] = totals.ended.get(job.state, 0) + 1
        totals.answered.update(self._store._answered)
        return totals

    @override
    def used(self) -> dict[str, float]:
        jobs = [one.job for one in self._store._records.values() if one.job.rows_done]
        return {job.spec.full_name: job.finished_at or job.created_at for job in jobs}
