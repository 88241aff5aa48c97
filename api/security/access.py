"""Who asks, whether they may, and how often: before every request."""

import math
from http import HTTPStatus

from flask import Flask, Response, g, request

from api.security.keys import ANYONE, Key, Keys, Scope
from shared.config.settings import Settings
from shared.errors.service import (
    KeyWanted,
    TooManyRequests,
    UnknownKey,
    WrongScope,
)
from shared.jobs.job_store import JobStore, Spent

#: What each address asks for; None: nothing. An address that is not named is for admins.
SCOPES: dict[str, Scope | None] = {
    "health.livez": None,
    "health.readyz": None,
    "article.apitest": None,
    "openapi.openapi": None,
    "docs_page.page": None,
    "docs_page.part": None,
    "article.sentiment": Scope.SUBMIT,
    "submitting.submit": Scope.SUBMIT,
    "jobs.cancel": Scope.SUBMIT,
    "retrying.retry": Scope.SUBMIT,
    "jobs.delete": Scope.SUBMIT,
    "jobs.follow": Scope.READ,
    "jobs.list_jobs": Scope.READ,
    "events.events": Scope.READ,
    "v1_files.upload_file": Scope.SUBMIT,
    "v1_files.delete_file": Scope.SUBMIT,
    "v1_files.list_files": Scope.READ,
    "v1_files.retrieve_file": Scope.READ,
    "v1_files.file_content": Scope.READ,
    "v1_batches.create_batch": Scope.SUBMIT,
    "v1_batches.cancel_batch": Scope.SUBMIT,
    "v1_batches.list_batches": Scope.READ,
    "v1_batches.retrieve_batch": Scope.READ,
    "results.results": Scope.READ,
    "bad_rows.bad_rows": Scope.READ,
    "summary.summary": Scope.READ,
    "models.models": Scope.READ,
    "metrics.metrics": Scope.ADMIN,
    "metrics.workers": Scope.ADMIN,
}

#: Of the rate limit, in seconds.
WINDOW_SECONDS = 60

#: Sent with every answer: it is data for programs, and no page.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def who() -> Key:
    """Whoever asks."""
    key: Key = g.get("key", ANYONE)
    return key


class Access:
    """Lets requests in."""

    def __init__(self, settings: Settings, store: JobStore) -> None:
        """Read the keys; see `Keys`."""
        self._keys = Keys(settings)
        self._limit = settings.requests_per_minute
        self._store = store

    def register(self, app: Flask) -> None:
        """Look at every request of the app before it is handled."""
        app.before_request(self._let_in)
        app.after_request(self._sign)

    def _let_in(self) -> None:
        scope = SCOPES.get(request.endpoint or "", Scope.ADMIN)
        # An address that is not there is nobody's: it is a 404 for all.
        if not self._keys or scope is None or request.endpoint is None:
            return
        presented = _presented()
        if presented is None:
            raise KeyWanted
        key = self._keys.find(presented)
        if key is None:
            raise UnknownKey
        if not key.allows(scope):
            raise WrongScope(scope=scope.value)
        g.key = key
        if self._limit:
            g.spent = spent = self._store.spend(key.owner, WINDOW_SECONDS)
            if spent.count > self._limit:
                retry_after = math.ceil(spent.seconds_left)
                raise TooManyRequests(limit=f"{self._limit:,}", retry_after=retry_after)

    def _sign(self, answer: Response) -> Response:
        # What says nothing else of it is for nobody's store: it holds somebody's rows.
        answer.headers.setdefault(
            "Cache-Control", "private, no-cache" if answer.headers.get("ETag") else "no-store"
        )
        if answer.status_code == HTTPStatus.NO_CONTENT:
            # It is of nothing.
            answer.headers.pop("Content-Type", None)
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        spent: Spent | None = g.get("spent")
        if spent:
            # As draft 11 of RateLimit header fields for HTTP (IETF httpapi) spells them.
            left, seconds = max(self._limit - spent.count, 0), math.ceil(spent.seconds_left)
            answer.headers["RateLimit-Policy"] = f'"key";q={self._limit};w={WINDOW_SECONDS}'
            answer.headers["RateLimit"] = f'"key";r={left};t={seconds}'
        return answer


def _presented() -> str | None:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else request.headers.get("X-API-Key")
