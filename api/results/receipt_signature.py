"""The signature of a receipt: an HMAC by each webhook secret, over the receipt as canonical JSON.

Canonical is what RFC 8785 (JSON Canonicalization Scheme) makes of a receipt: names in order, no
blanks, UTF-8. A receipt holds only strings, whole numbers, lists, objects and nulls, and names in
ASCII, so `json.dumps` writes it so. `scorelane/client/receipts.py` checks these signatures; the
client has no module of the services.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

#: What is signed begins with this, so that no signature of a callback is one of a receipt.
PURPOSE = b"scorelane-receipt-1\n"


class Signature(TypedDict):
    """A signature of a receipt, made with one of the secrets of the service."""

    algorithm: str
    key: str
    value: str


def canonical(receipt: Mapping[str, Any]) -> bytes:
    """A receipt, without its signatures, as canonical JSON."""
    signed = {name: value for name, value in receipt.items() if name != "signatures"}
    return json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key_id(secret: bytes) -> str:
    """The name of a secret, which does not tell it: 16 hex digits of a digest of it."""
    return hashlib.sha256(b"scorelane-key\n" + secret).hexdigest()[:16]


def signatures(receipt: Mapping[str, Any], secrets: list[bytes]) -> list[Signature]:
    """The signatures of a receipt, one for each secret.

    Args:
        receipt: what the receipt says.
        secrets: all secrets that clients may have at present.
    """
    signed = PURPOSE + canonical(receipt)
    return [
        {
            "algorithm": "HMAC-SHA256",
            "key": key_id(secret),
            "value": base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode(),
        }
        for secret in secrets
    ]
