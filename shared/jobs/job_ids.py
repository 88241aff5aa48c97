"""The ids of jobs."""

import re
import secrets
import time


def new_job_id(now: float | None = None) -> str:
    """A new job id: 32 hex digits, which sort by the time of their making.

    Args:
        now: seconds since the epoch by the job store's clock; None: by the clock of this host.
    """
    return f"{int((time.time() if now is None else now) * 1000):012x}{secrets.token_hex(10)}"


def made_at(job_id: str) -> float:
    """When a job id was made: seconds since the epoch, rounded down to milliseconds."""
    return int(job_id[:12], 16) / 1000


def is_job_id(text: str) -> bool:
    """Whether a text has the form of a job id."""
    return re.fullmatch(r"[0-9a-f]{32}", text) is not None
