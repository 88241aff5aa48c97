"""`/livez` and `/readyz`: probes for the supervisor of the API, and for its load balancer."""

from typing import Annotated, NotRequired

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from api.process.draining import draining
from api.schema.describe import Answer, describes, json
from api.services import current_services
from shared.errors.service import Draining, NoModelYet

blueprint = Blueprint("health", __name__)


class Health(TypedDict):
    """The health of the service."""

    status: str
    processes: NotRequired[
        Annotated[
            dict[str, int], Field(description="The number of live processes that serve each model.")
        ]
    ]
    not_served: NotRequired[
        Annotated[
            list[str],
            Field(
                description="Models that were announced, and of which no live process serves any "
                "version; absent if there are none."
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
    refused=(NoModelYet, Draining),
)
def readyz() -> Health:
    """Whether this replica can take requests.

    It can if Redis answers, at least one worker has loaded its models, and the replica is not about
    to stop. Every model that was ever announced is served by live processes then, or is named in
    `not_served`.
    """
    if draining.is_set():
        raise Draining
    fleet = current_services().fleet
    serving = fleet.serving()
    if not serving:
        raise NoModelYet
    health: Health = {"status": "ok", "processes": serving}
    served = {full_name.partition("@")[0] for full_name in serving}
    if not_served := [name for name in fleet.models() if name not in served]:
        health["not_served"] = not_served
    return health
