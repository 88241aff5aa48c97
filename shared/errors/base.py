"""The base of every error that Scorelane raises: a docstring that is its message, and a code.

Errors know nothing of HTTP: `api.errors` gives each its status.
"""

import inspect
import re
from typing import Any


class ScorelaneError(Exception):
    """Something went wrong in Scorelane."""

    # The docstring of a subclass is its message; keywords fill in its {fields}.

    #: The stable slug of this kind of error: `JobNotFound` -> `job-not-found`.
    code = "scorelane-error"

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        #: What was found out about the input before the error, as JSON; an answer may show it.
        self.known: dict[str, Any] = {}
        super().__init__(self.message().format_map(fields))

    @classmethod
    def message(cls) -> str:
        """The message, with the placeholders `{field}` that the keywords of a raise fill in."""
        return " ".join(inspect.cleandoc(cls.__doc__ or "").split())

    def __reduce__(self) -> tuple[Any, ...]:
        # Celery and multiprocessing pickle exceptions; the default would call cls(message).
        return _rebuild, (type(self), self.fields)


def _rebuild(kind: type[ScorelaneError], fields: dict[str, Any]) -> ScorelaneError:
    return kind(**fields)
