"""Budgets: how many rows the client of a request may have scored on a day (UTC)."""

from api.security.access import current_identity
from api.services import Services
from shared.jobs.usage import Budget, Claim, budget_spent


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
