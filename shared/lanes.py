"""Starts the steps of bulk jobs: as many at a time as their model has lanes."""

from collections.abc import Iterable

from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.fleet import Fleet
from shared.jobs.job_store import SPLIT, JobStore, Step, Walk
from shared.jobs.spec import Spec
from shared.telemetry import context


class Lanes:
    """Knows how many steps of a model's jobs may be under way, and dispatches the next ones.

    The job store says whose turn it is. So whoever makes room starts a step of any job.
    """

    def __init__(
        self, settings: Settings, *, store: JobStore, dispatch: Dispatch, fleet: Fleet
    ) -> None:
        """Take `lanes_per_process`, the job store, and who sends tasks and counts processes."""
        self._settings = settings
        self._store = store
        self._dispatch = dispatch
        self._fleet = fleet

    def count(self, full_name: str) -> int:
        """The number of lanes of a model: in proportion to the processes that serve it."""
        processes = self._fleet.processes(full_name)
        return self._settings.lanes_per_process * max(processes, 1)

    def advance(self, spec: Spec, walk: Walk) -> None:
        """Dispatch the steps that the job store has handed out, or the finish after the last."""
        self._start(spec.full_name, walk.dispatch, spec.id)
        if walk.all_done:
            self._dispatch.finish(spec.full_name, spec.id)

    def fill(self, full_name: str, *, check: bool = False) -> None:
        """Start steps in the free lanes of a model.

        Args:
            full_name: the model.
            check: also free the lanes of steps that are not under way any more.
        """
        steps = self._store.hand_out(full_name, lanes=self.count(full_name), check=check)
        self._start(full_name, steps)

    def _start(self, full_name: str, steps: Iterable[Step], own: str = "") -> None:
        for step in steps:
            # A step of another job belongs to the request that made that job.
            carried = context.headers() if step.job_id == own else step.carried
            with context.carrying(carried):
                if step.part == SPLIT:
                    self._dispatch.split(full_name, step.job_id, soon=True)
                else:
                    self._dispatch.score(full_name, step.job_id, step.part)
