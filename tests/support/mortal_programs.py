"""The programs of one service as a state machine: each dies between any two of its calls."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine
from support.doubles.aliases import InMemoryAliases
from support.doubles.dispatch import InMemoryDispatch
from support.doubles.fleet import InMemoryFleet
from support.doubles.length_model import LengthModel
from support.doubles.monitor import InMemoryMonitor
from support.doubles.overview import InMemoryOverview
from support.dying import Died, Fragile, Fuse
from support.owners import Owner

from api.app import create_app
from shared.config.settings import Settings
from shared.fleet import Served
from shared.storage.folder_blobs import FolderBlobs
from shared.telemetry.shared_counters import SharedCounters
from worker.models.loaded_models import LoadedModel
from worker.pipeline import Pipeline
from worker.steps.leases import LeaseRenewer
from worker.telemetry.journal import Journal
from worker.upkeep.reconciler import Reconciler

LANES = 2


class MortalPrograms(RuleBasedStateMachine):
    """The API, a worker's process and a reconciler, without rules: a subclass has these."""

    def __init__(
        self, kind: Callable[[Settings], Any], redis_url: str, keys: Sequence[Owner] = ()
    ) -> None:
        super().__init__()
        # Here processes die often, and no row is to blame: allow so many attempts that none is.
        service_settings = Settings(
            redis_url=redis_url,
            default_model="length",
            part_seconds=0.4,
            min_part_rows=1,
            lanes_per_process=LANES,
            sweep_seconds=1000.0,
            retention_seconds=1000.0,
            lease_seconds=1000.0,
            orphan_seconds=1e-6,
            max_attempts=1000,
            api_keys="\n".join(owner.line for owner in keys),
        )
        self._folder = tempfile.TemporaryDirectory(prefix="scorelane-")
        self.world = kind(service_settings)
        self.fuse, self.dispatch, self.model = Fuse(), InMemoryDispatch(), LengthModel()
        self.blobs = FolderBlobs(Path(self._folder.name))
        fleet: Any = InMemoryFleet(Served(card=self.model.card, rate=10))
        shared: dict[str, Any] = {
            "store": Fragile(self.world.store, self.fuse),
            "blobs": Fragile(self.blobs, self.fuse),
            "dispatch": Fragile(self.dispatch, self.fuse),
            "fleet": fleet,
        }
        name = self.full_name = self.model.card.full_name
        self.open: list[Callable[[], None]] = []  # the closes of scored parts
        self.pipeline = Pipeline(
            service_settings,
            lease_renewer=LeaseRenewer(60),
            models={name: LoadedModel(self.model, 10.0)},
            journal=Journal(SharedCounters()),
            run_close=self.open.append,
            **shared,
        )
        self.reconciler = Reconciler(service_settings, **shared)
        self.client = create_app(
            service_settings,
            aliases=InMemoryAliases(),
            overview=InMemoryOverview(self.world.store),
            monitor=InMemoryMonitor(),
            **shared,
        ).test_client()
        self.sent: list[tuple[Any, ...]] = []

    def _reconcile_and_sweep(self) -> None:
        # Not by the clock, because hypothesis must be able to repeat a run exactly. A process that
        # died during a sweep has recorded the sweep as done, too.
        self.world.make_sweep_due()
        self.reconciler.reconcile([self.model.card.full_name])

    def _new(self) -> Iterator[tuple[Any, ...]]:
        while self.dispatch.messages:
            yield self.dispatch.messages.popleft()

    def _gather(self) -> None:
        self.sent += [message for message in self._new() if message not in self.sent]

    def _run(self, message: tuple[Any, ...]) -> None:
        task, *args = message
        getattr(self.pipeline, task)(*args)

    def _close_all(self) -> None:
        while self.open:
            self.open.pop(0)()

    def _dying(self, calls: int, step: Callable[[], Any]) -> bool:
        """Run a step in a process that dies after `calls` calls (0: never); whether it died."""
        self.fuse.left = calls
        try:
            step()
        except Died:
            return True
        finally:
            self.fuse.left = 0
        return False
