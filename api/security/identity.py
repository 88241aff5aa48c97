"""`/identity`: who the service takes the client for, what its key allows, and the main limits."""

from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.release import release
from api.schema.describe import Answer, describes, json
from api.security.access import current_identity
from api.security.budgets import current_budgets
from api.security.errors import UnknownKey
from api.security.keys import ANYONE, Scope
from api.services import Services, current_services
from shared.errors.service import StoreUnavailable, TooManyRequests
from shared.jobs.usage import midnight_after
from shared.telemetry.timestamps import rfc3339

blueprint = Blueprint("identity", __name__)


class LimitsJson(TypedDict):
    """The limits that a client can keep to before it sends something."""

    max_upload_bytes: Annotated[int, Field(description="The largest upload.")]
    max_json_bytes: Annotated[int, Field(description="The largest JSON body.")]
    small_rows: Annotated[int, Field(description="The most rows that are answered at once.")]
    retention_seconds: Annotated[
        float, Field(description="How long a job is kept after its end if it names no time.")
    ]
    max_retention_seconds: Annotated[
        float, Field(description="The longest time that a job may name.")
    ]


class BudgetJson(TypedDict):
    """A limit on the rows of a day (UTC)."""

    of: Annotated[Literal["key", "owner"], Field(description="Whose budget this is.")]
    rows_per_day: int
    left: Annotated[int, Field(description="The rows that may still be accepted today.")]
    resets_at: Annotated[str, Field(description="When the next day begins.")]


class IdentityJson(TypedDict):
    """The client as the service sees it."""

    owner: Annotated[
        str | None,
        Field(description="The owner of the key; null without a key, or if none is needed."),
    ]
    scopes: Annotated[
        list[Scope],
        Field(
            description="What the client may do: everything with an admin's key, or if the "
            "service has no keys."
        ),
    ]
    key: Annotated[
        str | None,
        Field(
            description="The id of the key, by which `GET /usage` names it: the first digits of "
            "its SHA-256, which its line in the list of keys has. Null without a key."
        ),
    ]
    budgets: Annotated[
        list[BudgetJson], Field(description="The limits on the rows of a day; empty: none.")
    ]
    needs_key: Annotated[bool, Field(description="Whether the service has keys.")]
    version: Annotated[str, Field(description="The version of Scorelane.")]
    limits: LimitsJson


_EXAMPLE: IdentityJson = {
    "owner": "alice",
    "scopes": [Scope.SUBMIT, Scope.READ],
    "key": "3fa9c1d2e3f4",
    "budgets": [
        {
            "of": "key",
            "rows_per_day": 1_000_000,
            "left": 250_000,
            "resets_at": "2026-12-01T00:00:00.000Z",
        }
    ],
    "needs_key": True,
    "version": "0.1.0",
    "limits": {
        "max_upload_bytes": 4 * 1024**3,
        "max_json_bytes": 64 * 1024**2,
        "small_rows": 1000,
        "retention_seconds": 86_400.0,
        "max_retention_seconds": 2_592_000.0,
    },
}


@blueprint.get("/identity")
@describes(
    {200: Answer("The client.", json(IdentityJson, _EXAMPLE))},
    refused=(UnknownKey, TooManyRequests, StoreUnavailable),
)
def identity() -> IdentityJson:
    """Return who the client is, and what it may do.

    A key of any scope will do. Without a key the answer says whether the service needs one, and
    has no scopes if it does.
    """
    key, services = current_identity(), current_services()
    settings = services.settings
    return {
        "owner": key.owner or None,
        "scopes": [scope for scope in Scope if key.allows(scope)],
        "key": key.id or None,
        "budgets": _budgets(services),
        "needs_key": key is not ANYONE,
        "version": release(),
        "limits": {
            "max_upload_bytes": settings.max_upload_bytes,
            "max_json_bytes": settings.max_json_bytes,
            "small_rows": settings.small_rows,
            "retention_seconds": settings.retention_seconds,
            "max_retention_seconds": settings.max_retention_seconds,
        },
    }


def _budgets(services: Services) -> list[BudgetJson]:
    budgets = current_budgets(services)
    if not budgets:
        return []
    taken, until = services.store.taken(budgets), midnight_after(services.store.now()).timestamp()
    return [
        {
            "of": "key" if budget.name.startswith("key:") else "owner",
            "rows_per_day": budget.rows,
            "left": max(budget.rows - rows, 0),
            "resets_at": rfc3339(until),
        }
        for budget, rows in zip(budgets, taken, strict=True)
    ]
