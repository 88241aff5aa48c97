"""The measures of a worker; each counts for all its processes together."""

from shared.telemetry.prometheus import MODEL
from shared.telemetry.shared_counters import Measure, SharedCounters

STEP = Measure(
    "scorelane_step_duration_seconds",
    "Duration of the steps of this worker that had work to do: read, split, score, finish, join, "
    "answer.",
    ("step",),
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0),
)
ROWS = Measure(
    "scorelane_worker_rows_total",
    "Rows to which this worker gave a score (completed) or an error (failed), those of questions "
    "too. A row that is scored twice counts twice.",
    (*MODEL, "outcome"),
)
ROW_ERRORS = Measure(
    "scorelane_worker_row_errors_total",
    "Rows to which this worker gave an error, by the kind of error.",
    (*MODEL, "kind"),
)
PARTS = Measure(
    "scorelane_worker_parts_total",
    "Parts that this worker has scored. A part that is scored twice counts twice.",
    MODEL,
)
SMALL = Measure(
    "scorelane_worker_small_jobs_total",
    "Small jobs and questions that this worker has answered.",
    MODEL,
)
MEASURES = (STEP, ROWS, ROW_ERRORS, PARTS, SMALL)

#: Made when the main process imports this, so that the scoring processes that it forks share it.
counters = SharedCounters()
