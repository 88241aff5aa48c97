"""What this replica of the API counts, all its processes together."""

from shared.jobs.job import Job
from shared.telemetry.shared_counters import Measure, SharedCounters

#: From a page of a status to the upload of gigabytes, in seconds.
_TIMES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)

REQUESTS = Measure(
    "scorelane_http_requests_total",
    "Requests that were answered, by the template of their address. Of this replica.",
    ("method", "route", "status"),
)
LATENCY = Measure(
    "scorelane_http_request_duration_seconds",
    "From the request's head to the last byte of its answer. Of this replica.",
    ("method", "route"),
    _TIMES,
)
UPLOAD = Measure(
    "scorelane_upload_duration_seconds",
    "How long it took to take in the rows of a job, by kind of job. Of this replica.",
    ("kind",),
    _TIMES,
)
UPLOADED = Measure(
    "scorelane_upload_bytes_total",
    "Bytes of the jobs that were accepted, as they are stored. Of this replica.",
    ("kind",),
)
STREAMS = Measure(
    "scorelane_event_streams",
    "Streams of events that are open now. Of this replica.",
    is_gauge=True,
)
WAITING = Measure(
    "scorelane_waiting_requests",
    "Requests that hold a thread now until something ends, by what: a job (`Prefer: wait`), or the "
    "answer to a `/sentiment`. Of this replica.",
    ("what",),
    is_gauge=True,
)
MEASURES = (REQUESTS, LATENCY, UPLOAD, UPLOADED, STREAMS, WAITING)

#: Made in gunicorn's main process, and shared by those that it forks.
counters = SharedCounters(gauges=[measure.name for measure in MEASURES if measure.is_gauge])


def note_upload(job: Job, seconds: float) -> None:
    """Count a job that was taken in, in so many seconds."""
    counters.observe(UPLOAD, seconds, job.spec.kind)
    counters.add(UPLOADED, job.spec.kind, by=job.spec.size)
