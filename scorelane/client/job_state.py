"""A job as the service described it, and how the client shows one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Self
from urllib.parse import quote

#: States that a job never leaves. They equal `shared.jobs.state.ENDED`, which the client, installed
#: alone, does not have.
ENDED = frozenset({"succeeded", "failed", "cancelled", "expired"})

#: Fields of `JobState` that have the same name in the API's JSON.
_SAME_NAME = (
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


@dataclass(frozen=True)
class JobState:
    """A snapshot of a job, taken when the service answered. Times are RFC 3339 strings in UTC."""

    id: str
    state: str
    model: str  #: `name@version`
    total: int | None  #: rows in the upload; None until the service has counted them all
    completed: int  #: rows with a score
    failed: int  #: rows with an error
    progress: float  #: 0..1
    rows_per_second: float | None
    eta_seconds: float | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: str | None  #: why the job failed
    detail: str  #: one sentence about the job's progress
    representation: Mapping[str, Any] = field(repr=False, compare=False)  #: the API's JSON

    @classmethod
    def from_json(cls, body: Any, **more: Any) -> Self:
        """Build a job from the API's JSON.

        Args:
            body: the decoded JSON of one job.
            more: values of the fields that a subclass adds.

        Raises:
            KeyError, TypeError: `body` does not describe a job.
        """
        rows = body["rows"]
        return cls(
            model=f"{body['model']['name']}@{body['model']['version']}",
            total=rows["total"],
            completed=rows["completed"],
            failed=rows["failed"],
            representation=body,
            **more,
            **{name: body[name] for name in _SAME_NAME},
        )

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that the job was submitted with."""
        labels: Mapping[str, str] = self.representation.get("labels") or {}
        return labels

    @property
    def ended(self) -> bool:
        """Whether the job's state is final."""
        return self.state in ENDED

    def _repr_html_(self) -> str:
        """Render the job as an HTML table with a progress bar, for notebooks.

        Every text from the service is escaped.
        """
        total = "not counted yet" if self.total is None else f"{self.total:,}"
        lines = {
            "job": self.id,
            "state": self.state,
            "model": self.model,
            "rows": f"{total}; {self.completed:,} scored, {self.failed:,} with an error",
            "created": self.created_at,
            "": self.error or self.detail,
        }
        rows = "".join(
            f"<tr><th style='text-align:left'>{name}</th><td>{escape(value)}</td></tr>"
            for name, value in lines.items()
        )
        progress = float(self.progress)
        bar = f"<progress max='1' value='{progress}'></progress> {progress:.0%}"
        return f"<table>{rows}<tr><th></th><td>{bar}</td></tr></table>"


#: How a call takes a job: as an object or by its id.
AnyJob = str | JobState


def id_of(job: AnyJob) -> str:
    """Return the id of a job."""
    return job.id if isinstance(job, JobState) else job


def path_of(job: AnyJob) -> str:
    """Return the URL path of a job."""
    return f"/jobs/{quote(id_of(job), safe='')}"


def progress_text(job: JobState) -> str:
    """Describe a job's progress in a few words: rows, rate and time left."""
    if not job.total:
        return job.detail
    rate = rate_and_time_left(job)
    return f"{job.completed + job.failed:,} of {job.total:,} rows" + (f", {rate}" if rate else "")


def rate_and_time_left(job: JobState) -> str:
    """Describe a job's rate and the time left, both as the service estimates them.

    The client does not compute its own: it sees the job only when it polls.
    """
    parts = [f"{job.rows_per_second:,.0f} rows/s"] if job.rows_per_second else []
    if job.eta_seconds and not job.ended:
        minutes, seconds = divmod(round(job.eta_seconds), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    return ", ".join(parts)
