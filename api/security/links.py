"""Signed addresses: for some minutes they need no key, and lead to one download alone.

A browser sends no `Authorization` header when it follows a link, and a key must never be in an
address: addresses end up in histories and in the logs of proxies. So a client that has a key asks
for an address with a signature in it.

The signature is HMAC-SHA256 (RFC 2104) of the path and the query. It is keyed with a secret of the
service and the digest of the client's key. Neither suffices alone: whoever reads the list of keys,
which has their digests, cannot sign, and an address ends with its key.
"""

import hmac
import math
import re

from werkzeug.datastructures import MultiDict

from api.security.errors import LinkExpired, LinkNotValid
from api.security.keys import Key, Keys
from shared.jobs.job_store import JobStore

#: For how long an address is valid, in seconds.
LINK_SECONDS = 600

#: The parameters that a signature adds to a query.
ADDED = ("expires", "signature")

#: The endpoints to which a signed address may lead.
LINKED = frozenset({"results.results", "bad_rows.bad_rows"})

#: A signed query. The signature is last, and all bytes before it are signed as they are: neither
#: another spelling of a parameter nor a second value of it passes.
_SIGNED = re.compile(rb"((?:.*&)?expires=([0-9]{1,12}))&signature=([0-9a-f]{64})", re.DOTALL)


class Links:
    """Signs addresses, and finds the key with which one was signed."""

    def __init__(self, keys: Keys, store: JobStore) -> None:
        self._keys = keys
        self._store = store

    def sign(self, key: Key, path: str, query: str) -> tuple[str, int]:
        """An address for requests with the methods GET and HEAD, in the name of a key.

        Args:
            key: of the client that asks for the address.
            path: of the address, without characters that need an escape.
            query: of the address, encoded; it has no parameter that is in `ADDED`.

        Returns:
            The address, and when it ends: seconds since the epoch.
        """
        expires = math.ceil(self._store.now()) + LINK_SECONDS
        signed = f"{query}&expires={expires}" if query else f"expires={expires}"
        signature = _signature(self._store.link_secret(), key, path, signed.encode())
        return f"{path}?{signed}&signature={signature}", expires

    def find(self, path: str, query: bytes) -> Key:
        """The key with which an address was signed.

        Args:
            path: of the request.
            query: of the request, as it was sent.

        Raises:
            api.security.errors.LinkNotValid: no present key has signed this address.
            api.security.errors.LinkExpired: its time is over.
        """
        parsed = _SIGNED.fullmatch(query)
        if parsed is None:
            raise LinkNotValid
        signed, expires, presented = parsed[1], int(parsed[2]), parsed[3].decode()
        secret, found = self._store.link_secret(), None
        # All keys are compared, each in constant time, as in `Keys.find`.
        for key in self._keys.present():
            if hmac.compare_digest(_signature(secret, key, path, signed), presented):
                found = key
        if found is None:
            raise LinkNotValid
        if self._store.now() >= expires:
            raise LinkExpired
        return found


def is_signed(query: bytes) -> bool:
    """Whether there seems to be a signature in a query as it was sent, be it valid or not."""
    return b"signature=" in query


def without_signature(query: MultiDict[str, str]) -> dict[str, str]:
    """The parameters of a request, without those that a signature has added."""
    return {name: value for name, value in query.items() if name not in ADDED}


def _signature(secret: bytes, key: Key, path: str, query: bytes) -> str:
    # A query has no line break, so path and query cannot be cut at another place.
    message = b"%s\n%s" % (path.encode(), query)
    return hmac.digest(secret + key.digest, message, "sha256").hex()
