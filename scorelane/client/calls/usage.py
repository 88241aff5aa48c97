"""The call that reports usage."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from scorelane.client.io_steps import Send, Steps
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import call


class UsageCalls(Requests[J]):
    """Reports how many rows were scored for whom."""

    @call
    def usage(
        self,
        by: str | Iterable[str] = "day",
        *,
        first: str | date | None = None,
        last: str | date | None = None,
        owner: str | None = None,
    ) -> Steps[dict[str, Any]]:
        """Return how many rows were scored, each counted once, and what that took.

        `usage` in the answer has a line for each group, with `rows`, `errors`, `bytes` and
        `scoring_seconds`, and `total` has those of all rows. docs/api.md describes the fields.

        Args:
            by: what the lines are summed up by: one or several of `day`, `owner`, `key`, `model`
                and `label`; `label` goes with `day` and `owner` alone.
            first: the first day (UTC); None: 30 days up to `last`.
            last: the last day; None: today.
            owner: only the usage of this owner; any but your own needs an admin's key.

        Raises:
            scorelane.client.errors.BadRequest: the service does not understand a value.
            scorelane.client.errors.Refused: the key may not see the usage of this owner.
        """
        params = {
            "by": by if isinstance(by, str) else ",".join(by),
            "from": None if first is None else str(first),
            "to": None if last is None else str(last),
            "owner": owner,
        }
        params = {name: value for name, value in params.items() if value is not None}
        body = yield from self._json(Send("GET", "/usage", params=params))
        with self.valid_response():
            return {**body, "usage": list(body["usage"]), "total": dict(body["total"])}
