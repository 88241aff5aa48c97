"""The measures of a worker; each counts for all its processes together."""

from shared.telemetry.prometheus import MODEL
from shared.telemetry.shared_counters import Measure, SharedCounters

STEP = Measure(
    "scorelane_step_duration_seconds",
    "How long a step took that had something to do: read, split, score, finish or answer. Of this "
    "worker.",
    ("step",),
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0),
)
ROWS = Measure(
    "scorelane_worker_rows_total",
    "Rows with a score (completed) or an error (failed), those of questions too; what is done "
    "twice counts twice. Of this worker.",
    (*MODEL, "outcome"),
)
ROW_ERRORS = Measure(
    "scorelane_worker_row_errors_total",
    "Rows with an error, by its kind. Of this worker.",
    (*MODEL, "kind"),
)
PARTS = Measure(
    "scorelane_worker_parts_total",
    "Parts that were scored; what is done twice counts twice. Of this worker.",
    MODEL,
)
SMALL = Measure(
    "scorelane_worker_small_jobs_total",
    "Small jobs and questions that were answered. Of this worker.",
    MODEL,
)
MEASURES = (STEP, ROWS, ROW_ERRORS, PARTS, SMALL)

#: Made when the main process imports this, so that the scoring processes that it forks share it.
counters = SharedCounters()
