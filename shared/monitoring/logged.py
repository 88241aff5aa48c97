"""Errors and warnings that the programs have logged, equal ones counted together."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: The most errors that Redis keeps, and for how long after they were last logged, in seconds.
MOST_ERRORS, ERROR_SECONDS = 50, 24 * 3600

#: The longest message, in characters.
MESSAGE_CHARS = 400


@dataclass(frozen=True)
class LoggedError:
    """A kind of log record of the level WARNING or above: one call of a logger in one program.

    Attributes:
        program: `api` or `worker`.
        level: `warning`, `error` or `critical`.
        logger: the name of the logger.
        kind: the message without its values, and the class of the exception.
        message: the message of the last record, without a user's text.
        host: of the last record.
        first: when the first record was logged, in seconds since the epoch.
        last: when the last one was.
        count: how many there were.
    """

    program: str
    level: str
    logger: str
    kind: str
    message: str
    host: str
    first: float
    last: float
    count: int

    @property
    def id(self) -> str:
        """What is the same for records of the same kind, of whichever process."""
        parts = (self.program, self.level, self.logger, self.kind)
        return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()[:16]

    def fields(self) -> dict[str, Any]:
        """The fields as they are stored; without the kind, which the id stands for."""
        return {name: value for name, value in asdict(self).items() if name != "kind"}


def logged_error_of(text: str) -> LoggedError | None:
    """The error in a stored text; None if that is damaged or of another release."""
    try:
        found: Any = json.loads(text)
        if not isinstance(found, Mapping):
            return None
        return LoggedError(
            **{
                name: str(found[name]) for name in ("program", "level", "logger", "message", "host")
            },
            kind="",
            first=float(found["first"]),
            last=float(found["last"]),
            count=int(found["count"]),
        )
    except (ValueError, TypeError, KeyError):
        return None
