"""Usage: what was scored for whom, by day (UTC), and budgets of rows per day.

A part, a small job or a question is counted once, at the moment at which its rows are marked done
or its answer is sent. What is counted stays when the job is deleted or expires.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol, Self

from shared.errors.service import BudgetSpent

_EPOCH = date(1970, 1, 1)

#: Of one day: the most lines of accounts, the most names of labels of an owner, and the most values
#: of such a name. What comes later is counted as other. `lua/usage.lua` has the same numbers.
MOST_ACCOUNTS, MOST_NAMES, MOST_VALUES = 10_000, 20, 50

#: The most owners that have a total of their own; `lua/usage.lua` has the same number.
MOST_OWNERS = 200


@dataclass(frozen=True)
class Cost:
    """What scoring some rows took."""

    bytes: int = 0  #: The length of the rows, in the form in which a worker read them.
    seconds: float = 0.0  #: For which a process read, scored and wrote them.

    @property
    def micros(self) -> int:
        """The seconds as whole microseconds, of which sums are exact."""
        return round(self.seconds * 1e6)


#: The cost of rows that nobody has measured.
NO_COST = Cost()


@dataclass(frozen=True)
class Used:
    """Rows that were scored, and what that took."""

    completed: int = 0  #: Rows with a score.
    failed: int = 0  #: Rows with an error.
    bytes: int = 0  #: See `Cost.bytes`.
    micros: int = 0  #: The seconds of `Cost`, in microseconds.

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.completed + other.completed,
            self.failed + other.failed,
            self.bytes + other.bytes,
            self.micros + other.micros,
        )

    @property
    def rows(self) -> int:
        """All rows."""
        return self.completed + self.failed

    @property
    def seconds(self) -> float:
        """The scoring seconds."""
        return self.micros / 1e6


@dataclass(frozen=True)
class AccountLine:
    """The usage of one model version by one key on one day."""

    day: date
    owner: str | None  #: Empty: the API requires no keys. None: other owners.
    key: str | None  #: The id of the key; empty: none, or unknown. None: other keys.
    model: str | None  #: Its full name. None: other models.
    used: Used


@dataclass(frozen=True)
class LabelLine:
    """The usage of an owner's jobs with one label on one day.

    A job with several labels is in several lines, and a job without labels in none.
    """

    day: date
    owner: str
    name: str | None  #: None: names beyond `MOST_NAMES`.
    value: str | None  #: None: values beyond `MOST_VALUES`, or all values of such names.
    used: Used


@dataclass(frozen=True, order=True)
class Budget:
    """The rows that a key, or an owner, may have accepted on a day (UTC)."""

    name: str  #: `key:<id>` or `owner:<name>`.
    rows: int


@dataclass(frozen=True)
class Claim:
    """Rows that a new job or question takes from budgets, all of them or none."""

    rows: int = 0  #: The most rows that it may have.
    budgets: tuple[Budget, ...] = ()  #: Empty: there is no limit.


#: Nothing is taken.
NO_CLAIM = Claim()


def number_of(day: date) -> int:
    """A day as the number of days since the epoch, as it is in the names of keys."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The day of such a number."""
    return _EPOCH + timedelta(days=number)


def today(now: float) -> date:
    """The day (UTC) of a time in seconds since the epoch."""
    return datetime.fromtimestamp(now, UTC).date()


def budget_spent(claim: Claim, taken: list[int], now: float) -> BudgetSpent:
    """The error for a claim of rows that a budget does not have.

    Args:
        claim: the rows and the budgets.
        taken: the rows that are taken from each of the budgets today.
        now: seconds since the epoch.
    """
    left, budget = min(
        (max(budget.rows - rows, 0), budget)
        for budget, rows in zip(claim.budgets, taken, strict=True)
    )
    until = midnight_after(now)
    when = f"{until:%Y-%m-%d %H:%M} UTC"
    if claim.rows > budget.rows:
        advice = f"A day's budget is not enough: send it in pieces; the next day begins {when}."
    else:
        advice = f"Send it again after {when}, when the next day's budget begins."
    kind, _, name = budget.name.partition(":")
    return BudgetSpent(
        who="This API key" if kind == "key" else f"The owner '{name}'",
        budget=f"{budget.rows:,}",
        left=f"{left:,}",
        rows=f"{claim.rows:,}",
        advice=advice,
        retry_after=math.ceil(until.timestamp() - now),
    )


def midnight_after(now: float) -> datetime:
    """The end of the day (UTC) of a time in seconds since the epoch."""
    return datetime.combine(today(now) + timedelta(days=1), time(), UTC)


class UsageStore(Protocol):
    """The section of the job store for usage and budgets."""

    def usage(self, first: date, last: date) -> tuple[list[AccountLine], list[LabelLine]]:
        """The usage of the days from `first` to `last`, as far as it is kept."""

    def usage_by_owner(self) -> dict[str | None, Used]:
        """All usage since the store last lost its data, by owner; None: owners without a line."""

    def taken(self, budgets: tuple[Budget, ...]) -> list[int]:
        """The rows that are taken today from each of these budgets."""
