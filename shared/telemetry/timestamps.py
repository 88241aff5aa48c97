"""Times in the form of RFC 3339."""

from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """A time in seconds since the epoch, in the form of RFC 3339: in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
