"""Authentication, scopes, rate limits and pages of other sites: checked before every request."""

import math
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from flask import Flask, Response, g, request
from redis.exceptions import ResponseError

from api.security.browsers import Browsers
from api.security.errors import KeyWanted, UnknownKey, WrongScope
from api.security.keys import ANYONE, NOBODY, Key, Keys, Scope
from api.security.links import LINKED, Links, is_signed
from shared.config.settings import Settings
from shared.errors.service import TooManyRequests
from shared.jobs.job_store import JobStore, Spent
from shared.redis.refusals import refusal

#: The scope that each endpoint needs, or several of which one is enough; None: no key at all, or as
#: `OPTIONAL_KEY` says. Any other endpoint needs `ADMIN`.
SCOPES: dict[str, Scope | tuple[Scope, ...] | None] = {
    "health.livez": None,
    "health.readyz": None,
    "article.apitest": None,
    "openapi.openapi": None,
    "docs_page.page": None,
    "docs_page.part": None,
    "console.entry": None,
    "console.static_file": None,
    "console.favicon": None,
    "identity.identity": None,
    "usage.usage": Scope.READ,
    "article.sentiment": Scope.SUBMIT,
    "scoring.score": Scope.SUBMIT,
    "open_inference.live": None,
    "open_inference.ready": None,
    "open_inference.server": Scope.READ,
    "open_inference.model": Scope.READ,
    "open_inference.model_version": Scope.READ,
    "open_inference.model_ready": Scope.READ,
    "open_inference.model_version_ready": Scope.READ,
    "open_inference.infer": Scope.SUBMIT,
    "open_inference.infer_version": Scope.SUBMIT,
    "mlflow.ping": None,
    "mlflow.health": None,
    "mlflow.version": Scope.READ,
    "mlflow.invocations": Scope.SUBMIT,
    "mlflow.model_invocations": Scope.SUBMIT,
    "submitting.submit": Scope.SUBMIT,
    "jobs.cancel": Scope.SUBMIT,
    "retrying.retry": Scope.SUBMIT,
    "links.link": Scope.READ,
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
    "receipts.receipt": Scope.READ,
    # Who sends rows chooses a model, too.
    "models.models": (Scope.READ, Scope.SUBMIT),
    "model_uploads.upload_model": Scope.ADMIN,
    "versions.point": Scope.ADMIN,
    "versions.remove_alias": Scope.ADMIN,
    "versions.rollback": Scope.ADMIN,
    "versions.remove": Scope.ADMIN,
    "versions.serve": Scope.ADMIN,
    "versions.audit": Scope.ADMIN,
    "traffic.traffic": Scope.ADMIN,
    "traffic.direct": Scope.ADMIN,
    "model_drift.model_drift": Scope.ADMIN,
    "metrics.metrics": Scope.ADMIN,
    "metrics.workers": Scope.ADMIN,
    "service.service": Scope.ADMIN,
}

#: The endpoints that answer without a key, and check the key of a request that has one.
OPTIONAL_KEY = frozenset({"identity.identity"})

#: The window of the rate limit, in seconds.
WINDOW_SECONDS = 60

#: Headers of every response. They forbid what only a page needs, as the API sends data.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def current_identity() -> Key:
    """The key that this request presented; `ANYONE` if no key was needed.

    `NOBODY` if the key was optional and there was none.
    """
    identity: Key = g.get("key", ANYONE)
    return identity


def current_key_check() -> Callable[[], bool]:
    """A function that tells whether the key of this request is still valid.

    For a response that takes long: the function may be called after the request's context has
    ended. Without keys it always returns True.
    """
    check: Callable[[], bool] = g.get("is_still_valid", lambda: True)
    return check


def current_key_check_of_all() -> Callable[[], bool]:
    """As `current_key_check`, but the function returns False also if the key has another budget."""
    check: Callable[[], bool] = g.get("is_the_same", lambda: True)
    return check


def current_signer() -> Callable[[str, str], tuple[str, int]] | None:
    """Signs a path and a query in the name of this request's key, see `Links.sign`.

    None where no key is needed: then no address needs a signature.
    """
    signer: Callable[[str, str], tuple[str, int]] | None = g.get("sign")
    return signer


def scopes_of(endpoint: str | None) -> tuple[Scope, ...]:
    """The scopes of which a key needs one for an endpoint; empty: it needs no key."""
    found = SCOPES.get(endpoint or "", Scope.ADMIN)
    if found is None:
        return ()
    return (found,) if isinstance(found, Scope) else found


class Access:
    """Checks the key of every request, and adds the headers that every response has."""

    def __init__(self, settings: Settings, store: JobStore) -> None:
        """Read the keys.

        Raises:
            shared.errors.service.BadKey: a line of the list of keys cannot be read.
            OSError: the file of keys cannot be read.
        """
        self._keys = Keys(settings)
        self._links = Links(self._keys, store)
        self._browsers = Browsers(settings)
        self._limit = settings.requests_per_minute
        self._store = store

    def register(self, app: Flask) -> None:
        """Check every request of the app before it is handled."""
        app.before_request(self._check)
        app.after_request(self._add_headers)

    def _check(self) -> Response | None:
        if not self._keys:
            self._browsers.check(request)
        # A browser sends no key with a preflight.
        if preflight := self._browsers.preflight(request):
            return preflight
        self._check_key()
        return None

    def _check_key(self) -> None:
        scopes = scopes_of(request.endpoint)
        # An address that does not exist (no endpoint) is a 404 for everybody, with or without key.
        optional = request.endpoint in OPTIONAL_KEY
        if not self._keys or request.endpoint is None or (not scopes and not optional):
            return
        if optional and _presented() is None:
            g.key = NOBODY
            return
        key = self._key_of_request()
        if scopes and not any(key.allows(scope) for scope in scopes):
            raise WrongScope(scope="' or '".join(scopes))
        g.key = key
        g.is_still_valid = partial(self._keys.has, key)
        g.is_the_same = partial(self._keys.holds, key)
        g.sign = partial(self._links.sign, key)
        if self._limit:
            self._spend(key.owner)

    def _key_of_request(self) -> Key:
        """The key that was sent, or that has signed the address.

        Raises:
            api.security.errors.KeyWanted: there is neither a key nor a signature.
            api.security.errors.UnknownKey: the key is not valid.
            api.security.errors.LinkNotValid: the signature is not.
            api.security.errors.LinkExpired: the time of the address is over.
        """
        presented = _presented()
        if presented is not None:
            if key := self._keys.find(presented):
                return key
            raise UnknownKey
        may_be_linked = request.endpoint in LINKED and request.method in ("GET", "HEAD")
        if may_be_linked and is_signed(request.query_string):
            return self._links.find(request.path, request.query_string)
        raise KeyWanted

    def _spend(self, owner: str) -> None:
        """Count this request.

        Raises:
            shared.errors.service.TooManyRequests: the owner has made too many.
        """
        try:
            g.spent = spent = self._store.spend(owner, WINDOW_SECONDS)
        except ResponseError as error:
            # Then requests that read must pass, and others are refused by what they write.
            if not refusal(error):
                raise
            return
        if spent.count > self._limit:
            retry_after = math.ceil(spent.seconds_left)
            raise TooManyRequests(limit=f"{self._limit:,}", retry_after=retry_after)

    def _add_headers(self, response: Response) -> Response:
        # By default no cache may store a response, because it may hold a user's rows. One with an
        # ETag may be stored by the client that got it, and must be revalidated.
        response.headers.setdefault(
            "Cache-Control", "private, no-cache" if response.headers.get("ETag") else "no-store"
        )
        if response.status_code == HTTPStatus.NO_CONTENT:
            # There is no content to have a type.
            response.headers.pop("Content-Type", None)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        self._browsers.add_headers(request, response)
        spent: Spent | None = g.get("spent")
        if spent:
            # As in draft 11 of "RateLimit header fields for HTTP" (IETF httpapi).
            left, seconds = max(self._limit - spent.count, 0), math.ceil(spent.seconds_left)
            response.headers["RateLimit-Policy"] = f'"key";q={self._limit};w={WINDOW_SECONDS}'
            response.headers["RateLimit"] = f'"key";r={left};t={seconds}'
        return response


def _presented() -> str | None:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else request.headers.get("X-API-Key")
