"""How long a job would take: from its acceptance to its end, if nothing else waits."""

from shared.fleet import PartRate

#: What a job takes besides its rows: its queue and its steps. Measured on an idle machine with two
#: cores, where a job of 100 rows took 0.036 s.
START_SECONDS = 0.04

#: What a row takes besides its part, in one process at a time: its receipt, the end of the split
#: and that of the job. Measured likewise with `fast`: 300,000 rows took 0.06 s longer than by their
#: parts alone.
SERIAL_ROW_SECONDS = 2e-7

#: What a row takes besides its scoring, as long as no process has told what parts take. By a run of
#: `benchmarks/bulk.py` with `fast` (734,288 rows/s of two processes) a process has 2.7 microseconds
#: for a row of 112 bytes, 0.8 of them for its score and 0.4 for `SERIAL_ROW_SECONDS`.
ROW_SECONDS = 1.5e-6


def job_seconds(
    rows: int, size: float | None, *, rate: float, parts: PartRate | None, processes: int
) -> float | None:
    """About how long a job would take, in seconds; None: no process serves the model.

    Args:
        rows: the rows of the job.
        size: their bytes, as a worker will read them; None: not known.
        rate: the rows per second that one process scores; at least this is known of a model.
        parts: how fast one process takes whole parts; None: none has scored a bulk job since.
        processes: the processes that serve the model.
    """
    if not processes:
        return None
    if parts is None:
        each = rows / rate + rows * ROW_SECONDS
    elif size is None:
        each = rows / parts.rows
    else:
        # Longer rows take longer, to read and mostly to score.
        each = size / parts.bytes
    return START_SECONDS + rows * SERIAL_ROW_SECONDS + each / processes
