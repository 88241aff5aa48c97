"""The metrics of this replica of the API, counted by all its processes together."""

from shared.jobs.job import Job
from shared.telemetry.shared_counters import Measure, SharedCounters

#: The bounds of the histograms' buckets, in seconds: from a status page to an upload of gigabytes.
_TIMES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)

REQUESTS = Measure(
    "scorelane_http_requests_total",
    "Requests that were answered, by the template of their path. For this replica.",
    ("method", "route", "status"),
)
LATENCY = Measure(
    "scorelane_http_request_duration_seconds",
    "Time from the head of a request to the last byte of its response. For this replica.",
    ("method", "route"),
    _TIMES,
)
UPLOAD = Measure(
    "scorelane_upload_duration_seconds",
    "Time to receive and store the rows of a job, by kind of job. For this replica.",
    ("kind",),
    _TIMES,
)
UPLOADED = Measure(
    "scorelane_upload_bytes_total",
    "Bytes of accepted jobs, as they are stored. For this replica.",
    ("kind",),
)
STREAMS = Measure(
    "scorelane_event_streams",
    "Event streams that are open now. For this replica.",
    is_gauge=True,
)
WAITING = Measure(
    "scorelane_waiting_requests",
    "Requests that occupy a thread while they wait, by what they wait for: the end of a job "
    "(`Prefer: wait`) or the answer to a `/sentiment`. For this replica.",
    ("what",),
    is_gauge=True,
)
SLOW_CLIENTS = Measure(
    "scorelane_slow_clients_total",
    "Connections that were ended because their client was too slow, by what took too long: the "
    "`head` or the `body` of a request, or reading the `response`. For this replica.",
    ("what",),
)
REFUSED = Measure(
    "scorelane_refused_requests_total",
    "Requests that were answered 503 because too many waited for a thread. For this replica.",
)
BODY_MEMORY = Measure(
    "scorelane_body_memory_bytes",
    "Memory that is reserved for large bodies now. For this replica.",
    is_gauge=True,
)
MEASURES = (
    REQUESTS,
    LATENCY,
    UPLOAD,
    UPLOADED,
    STREAMS,
    WAITING,
    SLOW_CLIENTS,
    REFUSED,
    BODY_MEMORY,
)

#: Created in gunicorn's main process; the forked processes share it.
counters = SharedCounters(gauges=[measure.name for measure in MEASURES if measure.is_gauge])


def note_upload(job: Job, seconds: float) -> None:
    """Count an accepted job.

    Args:
        job: the job.
        seconds: how long it took to receive and store its rows.
    """
    counters.observe(UPLOAD, seconds, job.spec.kind)
    counters.add(UPLOADED, job.spec.kind, by=job.spec.size)
