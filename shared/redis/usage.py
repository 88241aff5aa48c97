"""Usage and budgets on Redis: `lua/usage.lua` counts, this reads.

A day is a hash with a field for each line: `a <owner> <key> <model>` for an account, and
`l <owner> <name> <value>` for a label of its jobs. Shorter names are those of lines for others. The
value has four numbers: rows with a score, rows with an error, bytes, microseconds.
"""

import json
import logging
import re
from collections.abc import Mapping
from datetime import date

from typing_extensions import override

from shared.errors.service import BudgetSpent
from shared.jobs.usage import (
    AccountLine,
    Budget,
    Claim,
    LabelLine,
    Used,
    budget_spent,
    day_of,
    number_of,
    today,
)
from shared.redis.base import RedisBase

logger = logging.getLogger(__name__)

_FIGURES = re.compile(r"(\d+) (\d+) (\d+) (\d+)")

#: The lines in which rows are counted that another question has.
NO_ACCOUNT = "[]"


def account_of(owner: str, key: str, full_name: str, labels: Mapping[str, str]) -> str:
    """The lines in which rows are counted, as the scripts take them."""
    lines = [f"a {owner} {key} {full_name}"]
    return json.dumps(lines + [f"l {owner} {name} {value}" for name, value in labels.items()])


def claim_arguments(claim: Claim) -> tuple[int, str]:
    """The rows and the budgets of a claim, as the scripts take them."""
    budgets = [(budget.name, budget.rows) for budget in claim.budgets]
    return claim.rows, json.dumps(budgets) if budgets else ""


class RedisUsage(RedisBase):
    """Reads usage and budgets."""

    @override
    def usage(self, first: date, last: date) -> tuple[list[AccountLine], list[LabelLine]]:
        accounts: list[AccountLine] = []
        labels: list[LabelLine] = []
        numbers = range(number_of(first), number_of(last) + 1)
        pipe = self._link.client.pipeline(transaction=False)
        for number in numbers:
            pipe.hgetall(self._link.key("usage", str(number)))
        for number, fields in zip(numbers, pipe.execute(), strict=True):
            for name, text in fields.items():
                _add_line(accounts, labels, day_of(number), name, text)
        return accounts, labels

    @override
    def usage_by_owner(self) -> dict[str | None, Used]:
        fields = self._link.client.hgetall(self._link.key("usage", "owners"))
        found: dict[str | None, Used] = {}
        for name, text in fields.items():
            _, blank, owner = name.partition(" ")
            if used := _used_in(text):
                found[owner if blank else None] = used
        return found

    def _budget_spent(self, claim: Claim) -> BudgetSpent:
        """The error for a claim of rows that a budget does not have."""
        return budget_spent(claim, self.taken(claim.budgets), self._link.now())

    @override
    def taken(self, budgets: tuple[Budget, ...]) -> list[int]:
        if not budgets:
            return []
        place = self._link.key("budgets", str(number_of(today(self._link.now()))))
        found = self._link.client.hmget(place, [budget.name for budget in budgets])
        return [int(text or 0) for text in found]


def _add_line(
    accounts: list[AccountLine], labels: list[LabelLine], day: date, name: str, text: str
) -> None:
    kind, *words = name.split(" ", 3)
    if kind == "#":
        return
    used = _used_in(text)
    if used is None:
        logger.error("the usage of %s has a damaged line, which is left out", day)
        return
    first, second, third = (*words, None, None, None)[:3]
    if kind == "a":
        accounts.append(AccountLine(day, first, second, third, used))
    else:
        labels.append(LabelLine(day, first or "", second, third, used))


def _used_in(text: str) -> Used | None:
    found = _FIGURES.fullmatch(text)
    return Used(*map(int, found.groups())) if found else None
