"""`/service`: the whole service as its operators see it, now and in the last minutes."""

from typing import Annotated

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.operations.service_findings import service_findings
from api.operations.service_history import HistoryJson, history_json
from api.operations.service_now import NowJson, WorkJson, now_json
from api.operations.snapshot import Snapshot
from api.schema.describe import Answer, describes, json
from api.services import current_services
from shared.monitoring.findings import FindingJson
from shared.telemetry.timestamps import rfc3339

blueprint = Blueprint("service", __name__)


class ErrorJson(TypedDict):
    """Warnings or errors of one kind that a program has logged."""

    program: Annotated[str, Field(description="`api` or `worker`.")]
    host: Annotated[str, Field(description="Where the last one was logged.")]
    level: Annotated[str, Field(description="`warning`, `error` or `critical`.")]
    logger: str
    message: Annotated[str, Field(description="Of the last one, without texts of users.")]
    count: int
    first: str
    last: str


class ServiceJson(TypedDict):
    """The whole service."""

    time: str
    now: NowJson
    history: HistoryJson
    errors: Annotated[
        list[ErrorJson],
        Field(
            description="The warnings and errors that the API and the workers have logged in the "
            "last day; at most 50 kinds, the last one first."
        ),
    ]
    findings: Annotated[
        list[FindingJson],
        Field(description="What is well and what is wrong, as the replica that answers sees it."),
    ]


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
                "errors": 0,
                "worker_memory": 450_000_000,
                "redis_memory": 12_000_000,
                "disk_free": 20_000_000_000,
            }
        ],
        "gaps": [{"start": "2026-01-01T12:00:00.000Z", "end": "2026-01-01T12:14:48.000Z"}],
    },
    "errors": [
        {
            "program": "worker",
            "host": "host",
            "level": "warning",
            "logger": "worker.upkeep.reconciler",
            "message": "reconcile model=fast@e5cff74e16d3: small jobs put back",
            "count": 2,
            "first": "2026-01-01T09:00:00.000Z",
            "last": "2026-01-01T12:10:00.000Z",
        }
    ],
    "findings": [
        {
            "about": "workers",
            "level": "fine",
            "message": "1 worker is alive, with 2 processes.",
            "advice": "",
        }
    ],
}


@blueprint.get("/service")
@describes({200: Answer("The service.", json(ServiceJson, _EXAMPLE))})
def service() -> ServiceJson:
    """The whole service: its present state, its history, recent errors, and what is wrong.

    Workers record the history, one sample every ten seconds for the whole service, whether or not
    anybody looks. A time in which no worker was alive is one of its `gaps`.
    """
    services = current_services()
    snapshot = Snapshot.take(services)
    return {
        "time": rfc3339(snapshot.at),
        "now": now_json(services, snapshot),
        "history": history_json(snapshot.samples, snapshot.at),
        "errors": [
            {
                "program": one.program,
                "host": one.host,
                "level": one.level,
                "logger": one.logger,
                "message": one.message,
                "count": one.count,
                "first": rfc3339(one.first),
                "last": rfc3339(one.last),
            }
            for one in services.monitor.errors()
        ],
        "findings": [one.as_json() for one in service_findings(services, snapshot)],
    }
