"""`/metrics` and `/workers`: the state of the service, for Prometheus and for operators."""

from collections.abc import Iterable
from functools import partial
from typing import Annotated, Literal

from flask import Blueprint, Response, request
from prometheus_client.core import Metric
from pydantic import Field
from typing_extensions import TypedDict

from api.operations.drift_metrics import drift_metrics
from api.operations.service_metrics import service_metrics
from api.operations.usage_metrics import usage_metrics
from api.process.measures import MEASURES, counters
from api.schema.describe import Answer, Content, describes, json
from api.services import current_services
from shared.telemetry.prometheus import MetricsCollector, counted
from shared.telemetry.timestamps import rfc3339

blueprint = Blueprint("metrics", __name__)


class WorkerJson(TypedDict):
    """A live worker."""

    name: str
    host: str
    release: Annotated[str, Field(description="The version of Scorelane.")]
    libraries: Annotated[
        dict[str, str], Field(description="The versions of the libraries on which scores depend.")
    ]
    models: Annotated[
        list[str], Field(description="Those it serves, or is loading, each as `name@version`.")
    ]
    failed: Annotated[
        dict[str, str],
        Field(description="Why models of its folder are not served, by the name of each."),
    ]
    declined: Annotated[
        dict[str, str],
        Field(
            description="Why versions of its folder are left to workers with other versions of "
            "libraries, by `name@version`."
        ),
    ]
    accepts: Annotated[
        Literal["proven", "same"],
        Field(description="Its setting `SCORELANE_LIBRARY_VERSIONS`."),
    ]
    processes: Annotated[list[int], Field(description="The memory of each process, in bytes.")]
    memory: Annotated[int, Field(description="The memory of all its processes, in bytes.")]
    rows: Annotated[int, Field(description="The rows that it has scored since it was started.")]
    clock_ahead: Annotated[float, Field(description="Its host's clock minus Redis's, in seconds.")]
    blobs: Annotated[
        str,
        Field(description="The id of its folder of blobs; the same for all workers that share it."),
    ]
    started_at: str


class WorkersJson(TypedDict):
    """The live workers."""

    workers: list[WorkerJson]


_EXAMPLE: WorkersJson = {
    "workers": [
        {
            "name": "host-4711",
            "host": "host",
            "release": "0.1.0",
            "libraries": {"python": "3.11.9", "numpy": "2.4.6"},
            "models": ["fast@e5cff74e16d3"],
            "failed": {},
            "declined": {},
            "accepts": "proven",
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
            "The metrics.",
            tuple(
                Content(media_type, {"type": "string"}, _PAGE)
                for media_type in ("text/plain", "application/openmetrics-text")
            ),
        )
    }
)
def metrics() -> Response:
    """The metrics of this replica and of the whole service, for Prometheus."""
    services = current_services()
    of_replica = partial(counted, counters, MEASURES)

    def of_service() -> Iterable[Metric]:
        return service_metrics(services.fleet, services.overview)

    of_owners = partial(usage_metrics, services.store)
    of_rows = partial(drift_metrics, services.fleet, services.store)
    collector = MetricsCollector(of_replica, of_service, of_owners, of_rows)
    page, content_type = collector.page(request.headers.get("Accept"))
    return Response(page, content_type=content_type)


@blueprint.get("/workers")
@describes({200: Answer("The workers.", json(WorkersJson, _EXAMPLE))})
def workers() -> WorkersJson:
    """The live workers, each with what it last reported."""
    return {
        "workers": [
            {
                "name": one.name,
                "host": one.host,
                "release": one.release,
                "libraries": one.libraries,
                "models": one.models,
                "failed": one.failed,
                "declined": one.declined,
                "accepts": one.accepts,
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
