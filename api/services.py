"""The objects that all views share, as `create_app` got or made them."""

from dataclasses import dataclass

from flask import current_app

from api.canary import Canary
from api.model_names import ModelNames
from api.process.body_memory import BodyMemory
from api.process.direct_downloads import DirectDownloads
from api.process.job_waits import JobWaits
from api.process.stream_slots import StreamSlots
from api.process.sync_scorer import SyncScorer
from shared.aliases import Aliases
from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.fleet import Fleet, Served
from shared.jobs.job_store import JobStore
from shared.lanes import Lanes
from shared.monitoring.monitor import Monitor
from shared.monitoring.overview import Overview
from shared.places.output_folder import OpenOutput, OutputFolder
from shared.places.stores import Stores
from shared.storage.blobs import Blobs

#: The name of the services among the extensions of an app.
NAME = "scorelane"


@dataclass(frozen=True)
class Services:
    """The objects that all views of one app share."""

    settings: Settings
    store: JobStore
    blobs: Blobs
    dispatch: Dispatch
    fleet: Fleet
    aliases: Aliases
    overview: Overview
    monitor: Monitor
    sync_scorer: SyncScorer
    streams: StreamSlots
    job_waits: JobWaits
    body_memory: BodyMemory
    stores: Stores
    canary: Canary
    open_output: OpenOutput = OutputFolder
    direct: DirectDownloads | None = None  #: None: the blobs are not in object storage.

    @property
    def lanes(self) -> Lanes:
        """Starts the steps of bulk jobs."""
        return Lanes(self.settings, store=self.store, dispatch=self.dispatch, fleet=self.fleet)

    @property
    def names(self) -> ModelNames:
        """The models, by the names that requests give them."""
        return ModelNames(self.fleet, self.aliases, self.settings.default_model)

    def model(self, ref: str | None, labels: tuple[str, ...] = ()) -> Served:
        """The model that a name means: `mine`, `mine@3f2a` or `mine@challenger`.

        Without a name it is the only model there is, or else the default model. In place of a
        champion it may be the challenger, see `Canary`; `labels` are those of a new job.

        Raises:
            shared.errors.service.NoModelYet: no worker has announced a model yet.
            shared.errors.input.UnknownModel: there is no such model, version or alias.
            shared.errors.aliases.AmbiguousVersion: it is the beginning of several versions.
            shared.errors.aliases.NoChampion: the version that it means is not there.
        """
        names = self.names
        return self.canary.choose(names, ref, names.find(ref), labels)


def current_services() -> Services:
    """The services of the app that handles the present request."""
    found: Services = current_app.extensions[NAME]
    return found
