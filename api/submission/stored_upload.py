"""A stored upload, and the size of the parts that its job is cut into."""

from dataclasses import dataclass

from api.services import Services
from shared.fleet import Served
from shared.tables.layouts import Layout
from shared.tables.parts import FINER, MAX_PART_BYTES, max_bytes_of

#: A short job is cut into this many parts per process, so that every process has work until the
#: job ends.
PARTS_PER_PROCESS = 4

#: Finishing a part costs one fsync (one disk did 250 per second) and 10 ms of CPU. With more
#: processes than this, parts grow in proportion, so that the fleet as a whole finishes no more
#: parts per second. Other jobs do not wait longer: with this many processes, one becomes free just
#: as often.
MANY_PROCESSES = 10

#: No part has fewer rows than this share of a full part, as each part costs some milliseconds.
LEAST_PART = 0.1

#: A part of the least rows must not take more than this share of the time limit of a task.
LEAST_ROWS_TIME = 1 / 6

#: What each part takes besides scoring its rows, in seconds of a process: reading, writing, marks.
PART_COST_SECONDS = 0.01


@dataclass(frozen=True)
class StoredUpload:
    """The upload of a bulk job.

    Attributes:
        layout: where its rows are.
        size: in bytes.
        rows: about how many rows it has.
        most_rows: it has no more; None: unknown, as no budget needs it.
    """

    layout: Layout
    size: int
    rows: int
    most_rows: int | None = None


def part_limits(services: Services, served: Served, upload: StoredUpload) -> dict[str, int]:
    """Decide how a job is cut into parts.

    A full part takes `part_seconds` of one process, or more with many processes. Parts are smaller
    in a job that is too short to give every process a full part, and at the end of a longer job,
    over the rows that all processes score at the same time; but no part has fewer rows than
    `min_part_rows`, unless the model is so slow that these would take many seconds.

    Args:
        services: supply the number of processes.
        served: supplies the rows per second of one process.
        upload: what is cut.

    Returns:
        The fields `rows_per_part`, `fixed_rows` and, if the last parts are smaller, `fine_from` of
        the job's `Spec`.
    """
    processes = max(services.fleet.processes(served.card.full_name), 1)
    seconds = services.settings.part_seconds * max(processes / MANY_PROCESSES, 1)
    full_part = served.rate * seconds
    share = upload.rows / (processes * PARTS_PER_PROCESS)
    # The rate may be wrong, and parts of single rows would take a hundred times as long.
    in_time = int(served.rate * services.settings.task_time_limit * LEAST_ROWS_TIME)
    least = max(min(services.settings.min_part_rows, in_time), 1)
    rows = max(int(min(full_part, max(share, full_part * LEAST_PART))), least)
    expected_bytes = rows * upload.size / max(upload.rows, 1)
    # With a fast model, a part reaches its limit of bytes long before its limit of rows.
    is_short = share < full_part and expected_bytes <= MAX_PART_BYTES
    limits = {"rows_per_part": rows, "fixed_rows": int(served.rate * PART_COST_SECONDS)}
    if is_short or upload.layout.stored_apart or rows < least * FINER:
        return limits
    part_bytes = min(expected_bytes, max_bytes_of(rows))
    fine_from = upload.size - int(processes * part_bytes)
    return limits | {"fine_from": max(fine_from, upload.layout.start)}
