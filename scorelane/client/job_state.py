"""A job, as a service describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

#: States that a job does not leave; those of `shared.jobs.job`, which a client need not have.
ENDED = frozenset({"succeeded", "failed", "cancelled", "expired"})


@dataclass(frozen=True)
class JobState:
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
    def from_json(cls, body: Any, **more: Any) -> Self:
        """The job in an answer of the API.

        Args:
            body: the JSON.
            more: fields that a subclass has.

        Raises:
            KeyError, TypeError: it is no job.
        """
        rows = body["rows"]
        same = (
            "id",
            "state",
            "progress",
            "rows_per_second",
            "eta_seconds",
            "created_at",
            "started_at",
            "finished_at",
            "error",
            "detail",
        )
        return cls(
            model=f"{body['model']['name']}@{body['model']['version']}",
            total=rows["total"],
            completed=rows["completed"],
            failed=rows["failed"],
            representation=body,
            **more,
            **{name: body[name] for name in same},
        )

    def _repr_html_(self) -> str:
        # What a notebook asks for; nobody else needs it.
        from scorelane.client.job_page import page_of  # noqa: PLC0415

        return page_of(self)

    @property
    def labels(self) -> Mapping[str, str]:
        """Those that it was submitted with."""
        labels: Mapping[str, str] = self.representation.get("labels") or {}
        return labels

    @property
    def ended(self) -> bool:
        """Whether its state will not change any more."""
        return self.state in ENDED
