"""Checks files against the receipt of a job, without a service."""

import base64
import binascii
import gzip
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

#: The form of receipts that is known here.
FORM = 1

#: What is signed begins with this, and a receipt as canonical JSON follows (RFC 8785).
_PURPOSE = b"scorelane-receipt-1\n"

_GZIP = b"\x1f\x8b"
_SECRET = "whsec_"  # noqa: S105  how secrets begin
_READ_BYTES = 1024 * 1024


class NotAReceipt(ValueError):
    """What should be a receipt is none; the message says why."""


class NotASecret(ValueError):
    """A text is no webhook secret."""


@dataclass(frozen=True)
class Check:
    """One thing that was compared with a receipt.

    Attributes:
        what: `results`, `input` or `signature`.
        fits: whether it fits; None: it was not checked.
        detail: a sentence for people.
    """

    what: Literal["results", "input", "signature"]
    fits: bool | None
    detail: str


def parse_receipt(text: str | bytes) -> dict[str, Any]:
    """Read a receipt, as `GET /jobs/<id>/receipt` returns it.

    Raises:
        NotAReceipt: it is none, or of a later release than this one.
    """
    try:
        found = json.loads(text)
        form, job, results = found["receipt"], found["job"], found["results"]
        fields = [job, results["format"], results["sha256"], found["input"]["sha256"]]
        fields += [one["value"] for one in found["signatures"]]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise NotAReceipt("It is no receipt of a job.") from None
    if form != FORM:
        raise NotAReceipt(f"It is a receipt of the form {form!r}, and {FORM} is known here.")
    if not all(one is None or isinstance(one, str) for one in fields):
        raise NotAReceipt("It is no receipt of a job.")
    return cast("dict[str, Any]", found)


def check_results(receipt: Mapping[str, Any], path: Path) -> Check:
    """Compare a file of results with a receipt.

    Raises:
        OSError: the file cannot be read.
    """
    results = receipt["results"]
    form = results["format"]
    found = _compared("results", path, results, receipt["job"])
    if found.fits is False:
        advice = (
            f"The receipt is of the results as {form}: download them with format={form}, and with "
            "no other delimiter and no byte order mark."
        )
        return Check("results", False, f"{found.detail} {advice}")
    return found


def check_input(receipt: Mapping[str, Any], path: Path) -> Check:
    """Compare a file with what was sent as the input of a job; a gzip is unpacked.

    Raises:
        OSError: the file cannot be read.
    """
    return _compared("input", path, receipt["input"], receipt["job"])


def check_signature(receipt: Mapping[str, Any], secrets: Sequence[bytes]) -> Check:
    """Check that one of some secrets has signed a receipt.

    Args:
        receipt: the receipt.
        secrets: from `parse_secret`; none: nothing is checked.
    """
    if not secrets:
        advice = "give the webhook secret of the service to check that the service has made it"
        return Check("signature", None, f"The signature is not checked: {advice}.")
    signed = {name: value for name, value in receipt.items() if name != "signatures"}
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    made = [_signature(secret, text.encode()) for secret in secrets]
    given = [str(one["value"]) for one in receipt["signatures"]]
    for one in given:
        if any(hmac.compare_digest(one.encode(), other.encode()) for other in made):
            return Check("signature", True, "The receipt is signed with the given secret.")
    reason = "The receipt is not signed" if not given else "No signature of the receipt fits"
    return Check("signature", False, f"{reason}: it was changed, or made with another secret.")


def parse_secret(text: str) -> bytes:
    """Read a webhook secret: `whsec_` and base64.

    Raises:
        NotASecret: it is none.
    """
    try:
        if not text.startswith(_SECRET):
            raise NotASecret("a webhook secret begins with whsec_")
        return base64.b64decode(text.removeprefix(_SECRET), validate=True)
    except binascii.Error:
        raise NotASecret("what follows whsec_ is no base64") from None


def _signature(secret: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, _PURPOSE + text, hashlib.sha256)).decode()


def _compared(
    what: Literal["results", "input"], path: Path, said: Mapping[str, Any], job: str
) -> Check:
    if said["sha256"] is None:
        reason = f"The receipt has no digest of the {what}"
        return Check(what, None, f"{path.name} is not checked: {reason}.")
    sha256, size = _digest(path)
    if sha256 == said["sha256"]:
        return Check(what, True, f"{path.name} is the {what} of job {job}: {size:,} bytes.")
    expected = said["bytes"]
    how = f"as many bytes ({size:,}), and others"
    if size != expected:
        how = f"{size:,} bytes, and the {what} had {expected:,}"
    return Check(what, False, f"{path.name} is not the {what} of job {job}: it has {how}.")


def _digest(path: Path) -> tuple[str, int]:
    """The SHA-256 of a file, unpacked if it is a gzip, and the bytes of that."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as plain:
        packed = plain.read(len(_GZIP)) == _GZIP
        plain.seek(0)
        file = cast("BinaryIO", gzip.GzipFile(fileobj=plain)) if packed else plain
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
