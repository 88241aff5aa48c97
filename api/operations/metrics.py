"""`/metrics` and `/workers`: for those who operate the service."""

from collections.abc import Iterable
from functools import partial
from typing import Annotated

from flask import Blueprint, Response, request
from prometheus_client.core import Metric
from pydantic import Field
from typing_extensions import TypedDict

from api.operations.service_metrics import service_numbers
from api.process.measures import MEASURES, counters
from api.schema.describe import Answer, Content, describes, json
from api.services import current_services
from shared.telemetry.prometheus import MetricsCollector, counted
from shared.telemetry.timestamps import rfc3339

blueprint = Blueprint("metrics", __name__)


class WorkerJson(TypedDict):
    """A worker that lives."""

    name: str
    host: str
    release: Annotated[str, Field(description="The version of Scorelane.")]
    libraries: Annotated[dict[str, str], Field(description="Versions of what scores depend on.")]
    models: Annotated[list[str], Field(description="Their names and versions.")]
    processes: Annotated[list[int], Field(description="Memory of each, in bytes.")]
    memory: Annotated[int, Field(description="Of all its processes, in bytes.")]
    rows: Annotated[int, Field(description="Scored since it was started.")]
    clock_ahead: Annotated[float, Field(description="Its host's clock less Redis's, in seconds.")]
    blobs: Annotated[str, Field(description="A name of the folder of blobs that it sees.")]
    started_at: str


class WorkersJson(TypedDict):
    """Those that live."""

    workers: list[WorkerJson]


_EXAMPLE: WorkersJson = {
    "workers": [
        {
            "name": "host-4711",
            "host": "host",
            "release": "0.1.0",
            "libraries": {"python": "3.11.9", "numpy": "2.4.6"},
            "models": ["fast@e5cff74e16d3"],
            "processes": [181_000_000, 179_000_000],
            "memory": 450_000_000,
            "rows": 1_000_000,
            "clock_ahead": 0.002,
            "blobs": "f2c6d1a0b9e84753",
            "started_at": "2026-01-01T12:00:00.000Z",
        }
    ]
}

_PAGE = "# TYPE scorelane_workers gauge\nscorelane_workers 2.0\n"


@blueprint.get("/metrics")
@describes(
    {
        200: Answer(
            "The numbers.",
            tuple(
                Content(media_type, {"type": "string"}, _PAGE)
                for media_type in ("text/plain", "application/openmetrics-text")
            ),
        )
    }
)
def metrics() -> Response:
    """What this replica has counted, and how the whole service stands, for Prometheus."""
    at = current_services()
    mine = partial(counted, counters, MEASURES)

    def whole() -> Iterable[Metric]:
        return service_numbers(at.fleet, at.overview)

    page, content_type = MetricsCollector(mine, whole).page(request.headers.get("Accept"))
    return Response(page, content_type=content_type)


@blueprint.get("/workers")
@describes({200: Answer("The workers.", json(WorkersJson, _EXAMPLE))})
def workers() -> WorkersJson:
    """The workers that live, and how each stands."""
    return {
        "workers": [
            {
                "name": one.name,
                "host": one.host,
                "release": one.release,
                "libraries": one.libraries,
                "models": one.models,
                "processes": one.processes,
                "memory": one.memory,
                "rows": one.rows,
                "clock_ahead": one.clock_ahead,
                "blobs": one.blobs,
                "started_at": rfc3339(one.started_at),
            }
            for one in current_services().fleet.workers()
        ]
    }
