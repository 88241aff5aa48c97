"""The contract of the fleet: the live workers, and the models that they serve."""

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.card import Card
from shared.drift.reference import Reference
from shared.library_fit import Rule
from shared.model import ExplainedBy


def name_of(full_name: str) -> str:
    """The name of a model in its full name: `fast` in `fast@1f2e3d4c5b6a`."""
    return full_name.partition("@")[0]


class PartRate(NamedTuple):
    """How fast one process takes whole parts while the others work, too; each above 0."""

    rows: float  #: Rows per second, from the beginning of a part to that of the next one.
    bytes: float  #: Bytes of these rows per second, as a worker reads them.


class Served(BaseModel):
    """A model that a worker has announced."""

    model_config = ConfigDict(frozen=True)

    card: Card = Field(description="Without the mapped file, which only its worker reads.")
    rate: float = Field(
        gt=0, description="Rows per second of one process, as measured or learned since."
    )
    leaving: bool = Field(
        default=False,
        description="Whether its folder is gone: it has work until its jobs end, and no new jobs.",
    )
    tells_reach: bool = Field(
        False, description="Whether it tells what it has read of a text; see `shared.reach`."
    )
    explained_by: ExplainedBy = Field(
        "", description="How its scores can be explained; empty: they cannot."
    )
    unexplained: str = Field(
        "", description="Why they cannot; empty: they can, or the reason is unknown."
    )

    @field_validator("card")
    @classmethod
    def _without_mapped_file(cls, card: Card) -> Card:
        """Leave it out: an API of an older release could not read the announcement."""
        return card if card.mapped is None else card.model_copy(update={"mapped": None})


class Worker(BaseModel):
    """A live worker, as it describes itself at each heartbeat."""

    model_config = ConfigDict(frozen=True)

    name: str
    host: str
    release: str = Field(description="The version of Scorelane.")
    libraries: dict[str, str] = Field(
        description="Versions of the libraries that scores depend on."
    )
    models: list[str] = Field(description="Full names of the models it serves, or is loading.")
    failed: dict[str, str] = Field(
        default_factory=dict,
        description="Why models of its folder are not served, by the name of the model or folder.",
    )
    declined: dict[str, str] = Field(
        default_factory=dict,
        description="Why versions of its folder are left to workers with other versions of "
        "libraries, by full name.",
    )
    accepts: Rule = Field(
        "proven", description="Which versions of libraries it accepts; see `shared.library_fit`."
    )
    processes: list[int] = Field(description="Memory of each scoring process, in bytes.")
    memory: int = Field(
        description="Memory of the main process and its scoring processes, in bytes."
    )
    memory_limit: int = Field(
        0, description="The memory of its host or container, in bytes; 0: it does not say."
    )
    started_at: float = Field(description="Seconds since the epoch, by Redis's clock.")
    clock_ahead: float = Field(description="The host's clock minus Redis's clock, in seconds.")
    rows: int = Field(0, description="Rows scored since its start, including those of questions.")
    blobs: str = Field("", description="The identity of the blob folder that it sees.")


def declined_by(workers: Iterable[Worker]) -> dict[str, str]:
    """Why workers leave versions to others, by full name, in the order of the names."""
    found = {full_name: why for one in workers for full_name, why in one.declined.items()}
    return dict(sorted(found.items()))


class Fleet(Protocol):
    """The live workers, and the models that they serve."""

    def refresh(self) -> None:
        """Read again what is cached of the fleet, before somebody has to wait for that."""

    def announce(
        self,
        node: str,
        served: Iterable[Served],
        *,
        replaces: bool = False,
        yields: Collection[str] = (),
    ) -> None:
        """Announce that this process of the worker `node` has loaded these models.

        Args:
            node: the name of the worker.
            served: the models; of several versions of one, the last is that for new jobs.
            replaces: whether this process replaces one of the same worker. Otherwise new jobs go to
                these versions from now on.
            yields: the names of the models whose version for new jobs is left to workers in another
                environment: those served here get new jobs only if no other version is known.
        """

    def beat(self, node: str, full_names: Collection[str], leaving: Collection[str] = ()) -> int:
        """Send a heartbeat of a worker, and withdraw what it does not serve.

        Args:
            node: the name of the worker.
            full_names: the models whose queues it consumes; its processes are announced with no
                other model.
            leaving: those of them that take no new jobs, because their folders are gone.

        Returns:
            The number of its processes that are ready.
        """

    def prefer(self, served: Served) -> None:
        """Let new jobs of a model get this version from now on."""

    def retire(self, full_name: str) -> None:
        """Let new jobs get this version no more, unless a process has it and it is not leaving.

        The heartbeat of a worker says that it is leaving, so call this again after the next one.
        """

    def describe(self, worker: Worker) -> None:
        """Store the description of a worker, for as long as a heartbeat lasts."""

    def workers(self) -> list[Worker]:
        """The descriptions of the live workers, in the order of their names."""

    def leave(self, node: str) -> None:
        """Announce that a worker stops."""

    def models(self) -> dict[str, Served]:
        """The version of every known model that new jobs get, by its name.

        It is the version announced last; or, if no live process serves that, another one that is
        served: that with the newest card.
        """

    def versions(self) -> dict[str, Served]:
        """Every version that a live process has announced or that is remembered, by full name.

        Several versions of one name may be served side by side. `serving` has their processes.
        """

    def reference(self, full_name: str) -> Reference | None:
        """The reference that the card of a model version has; None: it has none, or is forgotten.

        Announcements leave it out: it may be long, and older releases refuse a card with it.
        """

    def keep_references(self, cards: Iterable[Card]) -> None:
        """Store the references of these cards again that are not there, after Redis has lost them.

        A process announces them once, when it has loaded its models.
        """

    def failed(self) -> dict[str, str]:
        """Why live workers do not serve models of their folders, by the name of model or folder.

        A version that a worker leaves to others is among them only if no process serves it. Several
        such versions of a model are named one after the other.
        """
        workers = self.workers()
        found: dict[str, str] = {}
        for full_name, why in declined_by(workers).items():
            if not self.processes(full_name):
                before = found.get(name_of(full_name), "")
                found[name_of(full_name)] = f"{before} {full_name} fits no worker: {why}.".lstrip()
        return found | {name: why for one in workers for name, why in one.failed.items()}

    def to_serve(self) -> set[str]:
        """The names of the models that live workers serve or are loading."""

    def forget_removed(self, names: Collection[str]) -> None:
        """Forget models that were removed: no live worker has them, and neither has this one.

        Args:
            names: the names of all model folders that this worker sees.
        """

    def forget_unserved(self, seconds: float) -> None:
        """Forget what no live worker has had for `seconds` in which other models were served.

        That is models, and versions of models that are served in another version. The time begins
        with the first call that finds it so. Rates of versions that no worker serves any more, and
        that are not the last of their model, are forgotten at once.
        """

    def learn(self, full_name: str, rate: float) -> None:
        """Note the rows per second that a process has found while it scored.

        From then on, `models` has this rate for the version, and no longer the measured one.
        """

    def rates(self) -> dict[str, float]:
        """The rows per second that processes have found while they scored, by full name."""

    def learn_parts(self, full_name: str, rate: PartRate) -> None:
        """Note how fast a process has taken the last parts of bulk jobs of a model version."""

    def part_rate(self, full_name: str) -> PartRate | None:
        """The rate that was noted last with `learn_parts`; None: no process has noted one."""

    def processes(self, full_name: str) -> int:
        """The number of live processes that serve a model version."""

    def serving(self) -> dict[str, int]:
        """The number of live processes that serve each model version now, by full name."""

    def replaced_for(self, full_name: str) -> float:
        """For how long no process has served this version while another version is served.

        Returns:
            Seconds since the first call that found it so; 0.0 if it is not so.
        """
