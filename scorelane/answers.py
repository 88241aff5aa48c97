"""What a service answers, as the client gives it on: a job, or an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

#: States that a job does not leave; those of `shared.job`, which a client need not have.
ENDED = frozenset({"succeeded", "failed", "cancelled", "expired"})


class ClientError(Exception):
    """The service did not do what was asked; the message says why."""


class Unreachable(ClientError):
    """The service does not answer."""


class ApiError(ClientError):
    """The service answered with an error.

    Attributes:
        status: the HTTP status.
        code: the slug of the error's kind, such as `job-not-found`.
        detail: the sentence for the user; it is the message.
    """

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Job:
    """A job as it stood when the service was asked. Times are RFC 3339 texts, in UTC."""

    id: str
    state: str
    model: str  #: `name@version`
    total: int | None  #: rows in the upload; None until all of it was read
    completed: int  #: rows that have a score
    failed: int  #: rows that have an error
    progress: float  #: 0..1
    rows_per_second: float | None
    eta_seconds: float | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: str | None  #: why the job failed
    detail: str  #: one sentence on how it stands
    representation: Mapping[str, Any] = field(repr=False, compare=False)  #: as the API gave it

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """The job in an answer of the API.

        Raises:
            KeyError, TypeError: it is no job.
        """
        rows = body["rows"]
        same = ("id", "state", "progress", "rows_per_second", "eta_seconds", "created_at",
                "started_at", "finished_at", "error", "detail")  # fmt: skip
        return cls(
            model=f"{body['model']['name']}@{body['model']['version']}",
            total=rows["total"],
            completed=rows["completed"],
            failed=rows["failed"],
            representation=body,
            **{name: body[name] for name in same},
        )

    @property
    def ended(self) -> bool:
        """Whether its state will not change any more."""
        return self.state in ENDED
