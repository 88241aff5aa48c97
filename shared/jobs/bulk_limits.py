"""The limits on bulk jobs that wait, in all and of one owner."""

from dataclasses import astuple, dataclass
from typing import Self

from shared.config.settings import Settings
from shared.errors.service import OwnerFull, ServiceFull
from shared.jobs.job_store import Load


@dataclass(frozen=True)
class BulkLimits:
    """How many bulk jobs, and rows in them, may wait."""

    jobs: int
    rows: int
    owner_jobs: int  #: Of one owner.
    owner_rows: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limits in the settings."""
        return cls(
            settings.max_waiting_jobs,
            settings.max_waiting_rows,
            settings.owner_waiting_jobs,
            settings.owner_waiting_rows,
        )

    def check(self, load: Load, owner: str, rows: int) -> None:
        """Check that another job of `rows` rows may wait.

        Args:
            load: what waits already.
            owner: of the job; empty: nobody, for whom there are no limits of an owner.
            rows: of the job, about.

        Raises:
            shared.errors.service.ServiceFull: too many jobs or rows are waiting already.
            shared.errors.service.OwnerFull: too many jobs or rows of this owner are waiting
                already.
        """
        if load.jobs >= self.jobs or load.rows + rows > self.rows:
            raise service_full(load)
        is_full = load.owner_jobs >= self.owner_jobs or load.owner_rows + rows > self.owner_rows
        if owner and is_full:
            raise owner_full(load)

    def arguments(self) -> tuple[int, ...]:
        """The limits as the script `create_bulk` takes them."""
        return astuple(self)


def service_full(load: Load) -> ServiceFull:
    """The error for a job that is over the limits of the service."""
    return ServiceFull(what=f"{load.jobs:,} jobs of {load.rows:,} rows")


def owner_full(load: Load) -> OwnerFull:
    """The error for a job that is over the limits of its owner."""
    return OwnerFull(what=f"{load.owner_jobs:,} jobs of {load.owner_rows:,} rows")
