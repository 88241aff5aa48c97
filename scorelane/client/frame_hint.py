"""Says how a table of another kind becomes a DataFrame."""

from typing import Any


def as_frame_hint(source: Any) -> str:
    """How to make a DataFrame of a source, if it can be one."""
    for method in ("collect", "to_pandas"):
        if callable(getattr(source, method, None)):
            return f" (its method `{method}` makes a DataFrame of it)"
    return ""
