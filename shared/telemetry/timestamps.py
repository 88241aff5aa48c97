"""Moments as programs read them."""

from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """A moment, in seconds since the epoch, as RFC 3339 has it: in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
