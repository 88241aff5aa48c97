"""What went wrong, for a log that must not hold what people sent."""

import traceback


def where(error: BaseException) -> str:
    """The kind of an exception, and the lines that it came through, the last one first.

    Not its message, nor that of the one before it: either may quote a text.
    """
    frames = reversed(traceback.extract_tb(error.__traceback__))
    lines = [f"{frame.filename}:{frame.lineno} ({frame.name})" for frame in frames]
    return f"{type(error).__name__} at " + " < ".join(lines)
