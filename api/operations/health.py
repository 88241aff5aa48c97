"""`/livez` and `/readyz`: probes for the supervisor of the API, and for its load balancer."""

from typing import Annotated, NotRequired

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.process.draining import draining
from api.schema.describe import Answer, describes, json
from api.services import current_services
from shared.errors.service import Draining, ModelsLoading, NoModelYet
from shared.fleet import name_of

blueprint = Blueprint("health", __name__)


class Health(TypedDict):
    """The health of the service."""

    status: str
    processes: NotRequired[
        Annotated[
            dict[str, int], Field(description="The number of live processes that serve each model.")
        ]
    ]
    failed: NotRequired[
        Annotated[
            list[str],
            Field(
                description="Models that no worker can serve; GET /models says why. Absent if "
                "there are none."
            ),
        ]
    ]
    not_served: NotRequired[
        Annotated[
            list[str],
            Field(
                description="Models that are known from before, and that no live worker has; "
                "absent if there are none."
            ),
        ]
    ]


@blueprint.get("/livez")
@describes({200: Answer("The process answers.", json(Health, {"status": "ok"}))})
def livez() -> Health:
    """Whether this API process answers.

    It does so without Redis too: a restart would not bring Redis back.
    """
    return {"status": "ok"}


@blueprint.get("/readyz")
@describes(
    {200: Answer("Ready.", json(Health, {"status": "ok", "processes": {"fast@e5cff74e16d3": 2}}))},
    refused=(NoModelYet, ModelsLoading, Draining),
)
def readyz() -> Health:
    """Whether this replica can take requests.

    It can if Redis answers, the replica is not about to stop, and every model of the live workers
    is served by a live process, or is named in `failed`.
    """
    if draining.is_set():
        raise Draining
    fleet = current_services().fleet
    # First, so that a worker that announces its models just now is not missed.
    to_serve, failed = fleet.to_serve(), fleet.failed()
    serving = fleet.serving()
    if not serving:
        raise NoModelYet
    served = {name_of(full_name) for full_name in serving}
    if loading := to_serve - served - failed.keys():
        raise ModelsLoading(models=", ".join(sorted(loading)))
    health: Health = {"status": "ok", "processes": serving}
    if names := sorted(failed.keys() - served):
        health["failed"] = names
    if names := [name for name in fleet.models() if name not in served | failed.keys()]:
        health["not_served"] = names
    return health
