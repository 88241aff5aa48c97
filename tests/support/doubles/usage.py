"""Usage and budgets in memory."""

from datetime import date

from support.doubles.base import InMemoryBase
from support.doubles.record import Record
from typing_extensions import override

from shared.jobs.job import Job
from shared.jobs.state import ENDED
from shared.jobs.usage import (
    AccountLine,
    Budget,
    Claim,
    Cost,
    LabelLine,
    Used,
    budget_spent,
    today,
)


class InMemoryUsage(InMemoryBase):
    """Usage in dictionaries, without bounds; for one thread."""

    def _count(self, account: tuple[str, str, str], labels: dict[str, str], used: Used) -> None:
        day = today(self.now())
        at = (day, *account)
        self._accounts[at] = self._accounts.get(at, Used()) + used
        for label in labels.items():
            line = (day, account[0], *label)
            self._labels[line] = self._labels.get(line, Used()) + used

    def _count_job(self, job: Job, completed: int, failed: int, cost: Cost) -> None:
        spec = job.spec
        used = Used(completed, failed, cost.bytes, cost.micros)
        self._count((spec.owner, spec.key, spec.full_name), spec.labels, used)

    def _take_rows(self, claim: Claim) -> tuple[date, Claim]:
        day = today(self.now())
        taken = self.taken(claim.budgets)
        for budget, rows in zip(claim.budgets, taken, strict=True):
            if rows + claim.rows > budget.rows:
                raise budget_spent(claim, taken, self.now())
        for budget in claim.budgets:
            at = (day, budget.name)
            self._taken[at] = self._taken.get(at, 0) + claim.rows
        return day, claim

    def _let_be_taken(self, found: tuple[date, Claim], rows: int) -> tuple[date, Claim]:
        day, claim = found
        for budget in claim.budgets:
            self._taken[day, budget.name] += rows - claim.rows
        return day, Claim(rows, claim.budgets)

    def _settle(self, record: Record) -> None:
        """Let a job have taken only the rows that it has, or, if it has ended, used."""
        if record.taken is None:
            return
        if record.job.state in ENDED:
            rows = record.job.rows_done - record.uncounted
        else:
            rows = (record.job.total or 0) - record.counted_before
        record.taken = self._let_be_taken(record.taken, max(rows, 0))

    @override
    def usage(self, first: date, last: date) -> tuple[list[AccountLine], list[LabelLine]]:
        accounts = [
            AccountLine(*line, used)
            for line, used in self._accounts.items()
            if first <= line[0] <= last
        ]
        labels = [
            LabelLine(*line, used)
            for line, used in self._labels.items()
            if first <= line[0] <= last
        ]
        return accounts, labels

    @override
    def usage_by_owner(self) -> dict[str | None, Used]:
        found: dict[str | None, Used] = {}
        for (_, owner, _, _), used in self._accounts.items():
            found[owner] = found.get(owner, Used()) + used
        return found

    @override
    def taken(self, budgets: tuple[Budget, ...]) -> list[int]:
        day = today(self.now())
        return [self._taken.get((day, budget.name), 0) for budget in budgets]
