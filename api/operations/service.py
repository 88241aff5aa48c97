"""`/service`: the whole service as its operators see it, now and in the last minutes."""

from flask import Blueprint
from typing_extensions import TypedDict

from api.operations.service_history import HistoryJson, history_json
from api.operations.service_now import NowJson, WorkJson, now_json
from api.schema.describe import Answer, describes, json
from api.services import current_services
from shared.telemetry.timestamps import rfc3339

blueprint = Blueprint("service", __name__)


class ServiceJson(TypedDict):
    """The whole service."""

    time: str
    now: NowJson
    history: HistoryJson


_WORK: WorkJson = {
    "waiting_rows": 120_000,
    "running_rows": 8_000,
    "jobs": {"bulk": {"waiting": 0, "running": 1}, "small": {"waiting": 0, "running": 0}},
    "queue_age_seconds": 0.4,
}

_EXAMPLE: ServiceJson = {
    "time": "2026-01-01T12:15:00.000Z",
    "now": {
        "releases": {"api": "0.1.0", "workers": {"0.1.0": 1}},
        "workers": 1,
        "processes": 2,
        "rows_per_second": 41_000.0,
        **_WORK,
        "models": [{"model": "fast@e5cff74e16d3", "processes": 2, **_WORK}],
        "memory": {
            "workers": {"used": 450_000_000, "most": 2_000_000_000},
            "api": {"used": 140_000_000, "most": 1_000_000_000},
            "redis": {"used": 12_000_000, "most": 160_000_000},
        },
        "disk": {"free": 20_000_000_000, "total": 50_000_000_000},
        "limits": [{"limit": "SCORELANE_MAX_WAITING_JOBS", "used": 1, "most": 1000, "near": False}],
    },
    "history": {
        "seconds": 900,
        "every": 10,
        "samples": [
            {
                "time": "2026-01-01T12:14:58.000Z",
                "rows_per_second": 40_800.5,
                "models": {"fast@e5cff74e16d3": 40_800.5},
                "waiting_rows": 200_000,
                "waiting_jobs": 0,
                "worker_memory": 450_000_000,
                "redis_memory": 12_000_000,
                "disk_free": 20_000_000_000,
            }
        ],
        "gaps": [{"start": "2026-01-01T12:00:00.000Z", "end": "2026-01-01T12:14:48.000Z"}],
    },
}


@blueprint.get("/service")
@describes({200: Answer("The service.", json(ServiceJson, _EXAMPLE))})
def service() -> ServiceJson:
    """The whole service: its present state, and its history.

    Workers record the history, one sample every ten seconds for the whole service, whether or not
    anybody looks. A time in which no worker was alive is one of its `gaps`.
    """
    services = current_services()
    samples, now = services.monitor.samples(), services.monitor.now()
    return {
        "time": rfc3339(now),
        "now": now_json(services, samples, now),
        "history": history_json(samples, now),
    }
