"""Tracebacks for a log that must not hold users' texts."""

import traceback


def where(error: BaseException) -> str:
    """The kind of an exception, and the lines of its traceback, the innermost first.

    Leaves out its message and that of its cause: either may quote a user's text.
    """
    frames = reversed(traceback.extract_tb(error.__traceback__))
    lines = [f"{frame.filename}:{frame.lineno} ({frame.name})" for frame in frames]
    return f"{type(error).__name__} at " + " < ".join(lines)
