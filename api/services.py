"""What the resources work with, as `create_app` was given it."""

from dataclasses import dataclass

from flask import current_app

from api.asker import Asker
from api.bells import Bells
from api.slots import Slots
from shared.blobs import Blobs
from shared.dispatch import Dispatch
from shared.errors import NoModelYet
from shared.fleet import Fleet, Served
from shared.input_errors import UnknownModel
from shared.job_store import JobStore
from shared.overview import Overview
from shared.settings import Settings

_NAME = "scorelane"


@dataclass(frozen=True)
class Services:
    """The collaborators of the API."""

    settings: Settings
    store: JobStore
    blobs: Blobs
    dispatch: Dispatch
    fleet: Fleet
    overview: Overview
    asker: Asker
    streams: Slots
    bells: Bells

    def model(self, name: str | None) -> Served:
        """The model of that name; of no name: the default one, or the only one there is.

        Raises:
            shared.errors.NoModelYet: no worker has ever announced a model.
            shared.input_errors.UnknownModel: none of that name was announced.
        """
        models = self.fleet.models()
        if not models:
            raise NoModelYet
        if name is None and len(models) == 1:
            return next(iter(models.values()))
        name = name or self.settings.default_model
        if name not in models:
            raise UnknownModel(model=name, models=", ".join(models))
        return models[name]


def services() -> Services:
    """The services of the app that handles this request."""
    found: Services = current_app.extensions[_NAME]
    return found
