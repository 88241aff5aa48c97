"""The workers that live and the models that they serve, as they announce themselves."""

from collections.abc import Iterable
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from shared.model import Card


class Served(BaseModel):
    """A model that some worker has loaded."""

    model_config = ConfigDict(frozen=True)

    card: Card
    rate: float = Field(gt=0, description="Rows per second of one process, measured at warm-up.")


class Worker(BaseModel):
    """A worker that lives, as it describes itself at each heartbeat."""

    model_config = ConfigDict(frozen=True)

    name: str
    host: str
    release: str = Field(description="The version of Scorelane.")
    libraries: dict[str, str] = Field(description="Versions of what scores depend on.")
    models: list[str] = Field(description="Their full names.")
    processes: list[int] = Field(description="Memory of each scoring process, in bytes.")
    memory: int = Field(description="Of the main process and these, in bytes.")
    started_at: float = Field(description="Seconds since the epoch, by Redis's clock.")
    clock_ahead: float = Field(description="Its host's clock less Redis's, in seconds.")
    rows: int = Field(0, description="Rows scored since it was started, those of questions too.")
    blobs: str = Field("", description="Which folder of blobs it sees.")


class Fleet(Protocol):
    """The workers that live and the models that they serve."""

    def announce(self, node: str, served: Iterable[Served]) -> None:
        """Say that this process, of the worker `node`, has loaded these models."""

    def beat(self, node: str) -> int:
        """Say that the worker lives; how many of its processes are ready."""

    def describe(self, worker: Worker) -> None:
        """Say what there is to know of a worker; it is forgotten as its heartbeat is."""

    def workers(self) -> list[Worker]:
        """The workers that live, as they described themselves, by name."""

    def leave(self, node: str) -> None:
        """Say that the worker stops."""

    def models(self) -> dict[str, Served]:
        """Every model that was ever announced, by name; the version announced last."""

    def processes(self, full_name: str) -> int:
        """How many live processes serve this version of a model."""

    def serving(self) -> dict[str, int]:
        """The models that live processes serve at this moment, and how many serve each."""

    def replaced_for(self, full_name: str) -> float:
        """For how many seconds nobody serves this version while another of its model is served.

        From the first call on that finds it so; 0 where it is not so.
        """
