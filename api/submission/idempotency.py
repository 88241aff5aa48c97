"""`Idempotency-Key`: a request that is sent twice makes one job (IETF httpapi, draft 07)."""

import hashlib
import json
import math
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from flask import Request
from redis.exceptions import RedisError

from api.requests.content import RequestContent, content_of
from api.requests.limits import check_length
from api.schema.describe import Parameter
from api.security.access import current_identity
from api.services import Services
from shared.errors.service import (
    BadIdempotencyKey,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    PerhapsAccepted,
)
from shared.jobs.job import Binding, Job

#: A request holds its key so long without saying anything; then its process is taken for dead.
LEASE_SECONDS = 30.0

#: A longer wait is not asked of who comes while a key is held: the upload may end at any moment.
MOST_RETRY_AFTER = 5

MAX_CHARS = 255

#: A string of structured fields (RFC 8941); and what most clients send, the same without quotes.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!#-\[\]-~]*")

HEADER = Parameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": MAX_CHARS},
    "Names this request: sent again with the same key, it makes no second job.",
    "header",
    '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
)
REPLAYED = {"Idempotency-Replayed": "`true`: the job was made by an earlier request."}


def key_of(request: Request) -> str | None:
    """The key of a request; None where it has none.

    Raises:
        shared.errors.service.BadIdempotencyKey: it is malformed, empty or too long.
    """
    sent = request.headers.get("Idempotency-Key")
    if sent is None:
        return None
    sent = sent.strip()
    if quoted := _QUOTED.fullmatch(sent):
        key = re.sub(r"\\(.)", r"\1", quoted[1])
    elif _BARE.fullmatch(sent):
        key = sent
    else:
        raise BadIdempotencyKey(reason="it is neither a string in double quotes nor a plain word")
    if not 0 < len(key) <= MAX_CHARS:
        raise BadIdempotencyKey(
            reason=f"it has {len(key):,} characters, and 1 to {MAX_CHARS} may be"
        )
    return key


class Claim:
    """A request's hold on its key, while its job is not made yet."""

    def __init__(self, services: Services, key: str) -> None:
        self._services = services
        self._store = services.store
        # Keys are as long as this, whatever a client has made them of.
        self._key = hashlib.sha256(f"{current_identity().owner}\n{key}".encode()).hexdigest()
        self._token = secrets.token_hex(8)
        self._content = hashlib.sha256()

    def __enter__(self) -> "Claim":
        return self

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        # A request that was refused, or broke off, has made no job: its key is free at once.
        if error and not isinstance(error, PerhapsAccepted):
            with suppress(RedisError):
                self._store.release_key(self._key, self._token)

    def take(self) -> Binding | None:
        """Hold the key; or give the job that was made with it.

        Raises:
            shared.errors.service.IdempotencyKeyInUse: another request holds it.
        """
        found = self._store.hold_key(self._key, self._token, LEASE_SECONDS)
        if found is None or found.binding:
            return found.binding if found else None
        wait = min(max(math.ceil(found.seconds_left), 1), MOST_RETRY_AFTER)
        raise IdempotencyKeyInUse(retry_after=wait)

    def watching(self, sent: RequestContent) -> RequestContent:
        """The same content, which is hashed as it passes, and the key held for as long."""
        return replace(sent, chunks=self._watch(sent.chunks), terms=self.binding)

    def _watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        renewed = time.monotonic()
        for chunk in chunks:
            self._content.update(chunk)
            if time.monotonic() - renewed > LEASE_SECONDS / 3:
                self._store.renew_key(self._key, self._token, LEASE_SECONDS)
                renewed = time.monotonic()
            yield chunk

    def binding(self, sent: RequestContent) -> dict[str, Any]:
        """What the job's `Spec` has of its key, once the content was read."""
        return {"binding": self.bound([sent.kind.format, asdict(sent.options())])}

    def bound(self, about: Any) -> Binding:
        """What a job's `Spec` has of its key.

        Args:
            about: what besides its content tells this request from others; JSON can be made of it.
        """
        text = json.dumps(about, sort_keys=True)
        fingerprint = hashlib.sha256(self._content.digest() + text.encode()).hexdigest()
        return Binding(key=self._key, token=self._token, fingerprint=fingerprint)

    def replay(self, request: Request, made: Binding) -> Job:
        """The job that was made with the key, if it was made of the same rows and options.

        Raises:
            shared.errors.service.IdempotencyKeyReused: it was another one.
            shared.errors.service.ScorelaneError: this one cannot even be read.
        """
        sent = self.watching(content_of(request))
        size = 0
        for chunk in sent.chunks:
            size += len(chunk)
            check_length(self._services, size)
        return self.same(made, self.binding(sent)["binding"])

    def same(self, made: Binding, now: Binding) -> Job:
        """The job that was made with the key, if it was made of the same request as there is now.

        Raises:
            shared.errors.service.IdempotencyKeyReused: it was another one.
        """
        if now.fingerprint != made.fingerprint:
            raise IdempotencyKeyReused
        return self._store.get(made.job_id)
