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

from api.process.deferred import is_deferred
from api.requests.content import RequestContent, content_of
from api.requests.limits import check_length
from api.requests.options import JobOptions
from api.requests.received import Received
from api.schema.describe import Parameter
from api.security.access import current_identity
from api.services import Services
from api.uploads.formats import Kind
from shared.errors.service import (
    BadIdempotencyKey,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    PerhapsAccepted,
)
from shared.jobs.binding import Binding
from shared.jobs.job import Job
from shared.no_waiting import check_may_wait

#: A request that does not renew its hold on a key for this long is taken for dead.
LEASE_SECONDS = 30.0

#: The largest `Retry-After` while another request holds the key: its upload may end at any moment.
MOST_RETRY_AFTER = 5

MAX_CHARS = 255

#: A string of structured fields (RFC 8941), and the form without quotes that most clients send.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!#-\[\]-~]*")

#: Options that earlier releases lack. Without one of them, a key from before an upgrade is bound as
#: those releases bound it, so that it stays valid.
_LATER = (
    "quoting",
    "rename",
    "outputs",
    "decimal",
    "keep",
    "models",
    "label_column",
    "explain",
    "reach",
)

HEADER = Parameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": MAX_CHARS},
    "A key for this request: sent again with the same key, it makes no second job.",
    "header",
    '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
)
REPLAYED = {"Idempotency-Replayed": "`true`: an earlier request with this key made the job."}


def key_of(request: Request) -> str | None:
    """Return the key of a request; None if it has none.

    Raises:
        shared.errors.service.BadIdempotencyKey: the key is malformed, empty or too long.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    header = header.strip()
    if quoted := _QUOTED.fullmatch(header):
        key = re.sub(r"\\(.)", r"\1", quoted[1])
    elif _BARE.fullmatch(header):
        key = header
    else:
        raise BadIdempotencyKey(reason="it is neither a string in double quotes nor a plain word")
    if not 0 < len(key) <= MAX_CHARS:
        raise BadIdempotencyKey(
            reason=f"it has {len(key):,} characters, and may have 1 to {MAX_CHARS}"
        )
    return key


class Claim:
    """A request's hold on its key until its job is recorded.

    Use it as a context manager: a request that is refused, or breaks off, frees its key at once.
    """

    def __init__(self, services: Services, key: str) -> None:
        self._services = services
        self._store = services.store
        # A hash, so that all keys in Redis have the same length, whatever clients send.
        self._key = hashlib.sha256(f"{current_identity().owner}\n{key}".encode()).hexdigest()
        self._token = secrets.token_hex(8)
        self._content_hash = hashlib.sha256()
        #: Has the digest of the content already, if it is passed on as it was sent.
        self._received: Received | None = None

    def __enter__(self) -> "Claim":
        return self

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        # After PerhapsAccepted the job may exist, so the key must not be freed.
        if error:
            # An earlier request may have made a job with the key: then its answer comes first.
            check_may_wait()
        if error and not isinstance(error, PerhapsAccepted):
            with suppress(RedisError):
                self._store.release_key(self._key, self._token)

    def hold(self) -> Binding | None:
        """Hold the key, or return the binding of the job that an earlier request made with it.

        Raises:
            shared.errors.service.IdempotencyKeyInUse: another request holds the key.
        """
        if is_deferred():
            # The script that records the job looks whether another request has the key.
            return None
        holder = self._store.hold_key(self._key, self._token, LEASE_SECONDS)
        if holder is None:
            return None
        if holder.binding:
            return holder.binding
        wait = min(max(math.ceil(holder.seconds_left), 1), MOST_RETRY_AFTER)
        raise IdempotencyKeyInUse(retry_after=wait)

    def watch(self, content: RequestContent) -> RequestContent:
        """Return the same content, which is hashed, and whose hold is renewed, as it is read."""
        self._received = None if content.is_converted else content.received
        return replace(content, chunks=self._watch(content.chunks))

    def _watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        renewed = time.monotonic()
        for chunk in chunks:
            if self._received is None:
                self._content_hash.update(chunk)
            if time.monotonic() - renewed > LEASE_SECONDS / 3:
                self._store.renew_key(self._key, self._token, LEASE_SECONDS)
                renewed = time.monotonic()
            yield chunk

    def bind_rows(self, kind: Kind, options: JobOptions) -> Binding:
        """Return the binding of a job of rows, after the watched content was read to its end."""
        given = asdict(options)
        for name in _LATER:
            if given[name] == getattr(JobOptions, name):
                del given[name]
        given["text_column"] = given["text_column"] or "text"
        return self.bind([kind.format, given])

    def bind(self, identity: Any) -> Binding:
        """Return the binding that a job's `Spec` holds of its key.

        Args:
            identity: what distinguishes this request from others, apart from its content; it must
                be possible to write it as JSON.
        """
        text = json.dumps(identity, sort_keys=True)
        content = self._content_hash.digest()
        if self._received:
            content = bytes.fromhex(self._received.digest.sha256)
        fingerprint = hashlib.sha256(content + text.encode()).hexdigest()
        return Binding(key=self._key, token=self._token, fingerprint=fingerprint)

    def replay(self, request: Request, earlier: Binding) -> Job:
        """Return the job of an earlier request, if it had the same rows and options as this one.

        Raises:
            shared.errors.service.IdempotencyKeyReused: it had other rows or options.
            shared.errors.base.ScorelaneError: this request cannot be read.
        """
        content = self.watch(content_of(request))
        size = 0
        for chunk in content.chunks:
            size += len(chunk)
            check_length(self._services.settings, size)
        return self.job_of(earlier, self.bind_rows(content.kind, content.options()))

    def job_of(self, earlier: Binding, own: Binding) -> Job:
        """Return the job of an earlier request, if this request's binding equals its binding.

        Raises:
            shared.errors.service.IdempotencyKeyReused: the requests differ.
        """
        if own.fingerprint != earlier.fingerprint:
            raise IdempotencyKeyReused
        return self._store.get(earlier.job_id)
