"""Tells whether a process of the same user lives."""

import os


def lives(pid: int) -> bool:
    """Whether a process of this user has this number; one of another user has got it since."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
