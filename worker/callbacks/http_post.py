"""Posts a message to a checked address, in a bounded time."""

import math
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse

from shared.webhooks.checked_http import CheckedHttp, Cutoff
from shared.webhooks.target import Allowed


@dataclass(frozen=True)
class Receipt:
    """The response of a receiver."""

    status: int
    retry_after: float = 0.0  #: `Retry-After`, in seconds from now; 0 if there was none.


class WebhookClient:
    """Posts messages by HTTP; it reads only the head of a response."""

    def __init__(self, allowed: Allowed, timeout: float) -> None:
        """Take the private addresses that are allowed, and the seconds for one message in all."""
        self._http = CheckedHttp(allowed, timeout)

    def post(
        self, url: str, headers: dict[str, str], body: bytes, cutoff: Cutoff | None = None
    ) -> Receipt:
        """POST a message. Another thread may end it by `cutoff`, as if its time were over.

        Raises:
            shared.errors.input.BadCallback: the URL leads to an address that is not allowed.
            TimeoutError: there was no complete response in time.
            OSError: the message could not be delivered.
        """
        return self._http.call("POST", url, headers, body, _receipt, cutoff)


def _receipt(response: HTTPResponse) -> Receipt:
    return Receipt(response.status, _seconds(response.getheader("Retry-After", "")))


def _seconds(retry_after: str) -> float:
    """A `Retry-After` header, in seconds from now; 0 if it is missing or malformed."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        left = parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(left, 0.0) if math.isfinite(left) else 0.0
