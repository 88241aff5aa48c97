"""Budgets: how many rows the client of a request may have scored on a day (UTC)."""

from typing import BinaryIO

from api.security.access import current_identity
from api.services import Services
from shared.jobs.usage import Budget, Claim, budget_spent

#: How much of a file is read at a time to count its lines, in bytes.
_PIECE = 1024 * 1024


def current_budgets(services: Services) -> tuple[Budget, ...]:
    """The budgets from which the rows of this request are taken: of its key, and of its owner."""
    key, most = current_identity(), services.settings.owner_rows_per_day
    of_key = (Budget(f"key:{key.id}", key.rows_per_day),) if key.rows_per_day else ()
    of_owner = (Budget(f"owner:{key.owner}", most),) if most and key.owner else ()
    return of_key + of_owner


def check_budgets(services: Services) -> None:
    """Check that budgets have a row left today; recording a job checks all its rows.

    Raises:
        shared.errors.service.BudgetSpent: they have none.
    """
    claim = Claim(1, current_budgets(services))
    taken = services.store.taken(claim.budgets)
    if any(rows >= budget.rows for budget, rows in zip(claim.budgets, taken, strict=True)):
        raise budget_spent(claim, taken, services.store.now())


def rows_left(services: Services) -> int | None:
    """The rows that this client may still have scored today; None: there is no limit."""
    budgets = current_budgets(services)
    taken = services.store.taken(budgets)
    left = (max(one.rows - rows, 0) for one, rows in zip(budgets, taken, strict=True))
    return min(left, default=None)


class LineCount:
    """Counts the lines of an upload, if there are budgets: it has no more rows than lines.

    How many rows a text file has is known only when it is split, and its scoring begins before. So
    its lines are taken from the budgets, and those that are no rows are given back then.
    """

    def __init__(self, services: Services) -> None:
        self._counts = bool(current_budgets(services))
        self._breaks, self._last = 0, b""

    def feed(self, chunk: bytes) -> None:
        """Count the next chunk."""
        if self._counts and chunk:
            self._breaks += chunk.count(b"\n")
            self._last = chunk[-1:]

    def feed_file(self, file: BinaryIO) -> None:
        """Count a file; it is read only if there are budgets."""
        while self._counts and (piece := file.read(_PIECE)):
            self.feed(piece)

    def most_rows(self, header_lines: int) -> int | None:
        """The most rows that there can be; None: nothing was counted.

        Args:
            header_lines: how many lines, at least, are no rows.
        """
        if not self._counts:
            return None
        return max(self._breaks + (self._last not in (b"", b"\n")) - header_lines, 0)
