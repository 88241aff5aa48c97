"""How much memory of Redis a job takes, and the limits on that."""

from shared.config.settings import Settings
from shared.errors.service import OwnerFull, ServiceFull
from shared.jobs.job import Job
from shared.jobs.job_store import Load
from shared.jobs.sketch import most_blocks
from shared.jobs.summary import sketches_in
from shared.signature import SENTIMENT, Output

#: A record with its places in the indexes takes about this, in bytes; measured.
RECORD_BYTES = 3000

#: Each result row of a small job adds about this to what came from its row: the score, an error.
RESULT_ROW_BYTES = 64

#: What each part of a bulk job takes.
PART_BYTES = 40

#: What an output of a bulk job takes: its place in the record, and 100 counts or some labels.
OUTPUT_BYTES = 1500

#: What a block of a sketch takes, in the summary of a bulk job; measured.
BLOCK_BYTES = 600

#: What the errors say of the keys, which stay in memory when their jobs have left it.
_WITH_KEYS = ", with the idempotency keys that have not expired"


def held_bytes(job: Job, rows: bytes) -> int:
    """About how much memory a job takes until it leaves Redis; `rows` are those of a small job."""
    spec = job.spec
    if spec.kind == "small":
        return RECORD_BYTES + len(rows) + RESULT_ROW_BYTES * (job.total or 0)
    rows_per_part, total = max(spec.rows_per_part or 0, 1), job.total or spec.about_rows
    outputs = _summary_bytes(spec.result_columns.outputs, total)
    return RECORD_BYTES + PART_BYTES * (total // rows_per_part) + outputs


def _summary_bytes(outputs: tuple[Output, ...], rows: int) -> int:
    """What the outputs of a bulk job take; `RECORD_BYTES` has those of a sentiment model."""
    if outputs == SENTIMENT.outputs:
        return 0
    sketches = sketches_in(outputs)
    # A row needs at most one block.
    blocks = sketches * min(rows, most_blocks(sketches))
    return len(outputs) * OUTPUT_BYTES + blocks * BLOCK_BYTES


class HeldLimits:
    """The limits on the memory that jobs and questions may take, in bytes."""

    def __init__(self, settings: Settings) -> None:
        self.most = settings.max_waiting_bytes
        self.most_of_owner = settings.owner_waiting_bytes

    def check(self, load: Load, owner: str) -> None:
        """Check that there is memory for another job; recording it checks that again.

        Args:
            load: what is held already.
            owner: of the job; empty: nobody, for whom there are no limits of an owner.

        Raises:
            shared.errors.service.ServiceFull: jobs take too much memory already.
            shared.errors.service.OwnerFull: the jobs of this owner take too much memory already.
        """
        if load.held >= self.most:
            raise self.service_full()
        if owner and load.owner_held >= self.most_of_owner:
            raise self.owner_full()

    def service_full(self) -> ServiceFull:
        """The error for a job that is over the limit of the service."""
        return ServiceFull(what=f"jobs that take {self.most:,} bytes of memory{_WITH_KEYS}")

    def owner_full(self) -> OwnerFull:
        """The error for a job that is over the limit of its owner."""
        return OwnerFull(what=f"jobs that take {self.most_of_owner:,} bytes of memory{_WITH_KEYS}")
