"""Starts the parts of a bulk job: as many at a time as it has lanes."""

from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.fleet import Fleet
from shared.jobs.job import Spec
from shared.jobs.job_store import Walk


class Lanes:
    """Knows how many parts of a job may be under way, and dispatches the next ones."""

    def __init__(self, settings: Settings, *, dispatch: Dispatch, fleet: Fleet) -> None:
        """Take `lanes_per_process`, where tasks are sent, and who counts the processes."""
        self._settings = settings
        self._dispatch = dispatch
        self._fleet = fleet

    def count(self, spec: Spec) -> int:
        """The number of lanes of a job: in proportion to the processes that serve its model."""
        processes = self._fleet.processes(spec.full_name)
        return self._settings.lanes_per_process * max(processes, 1)

    def advance(self, spec: Spec, walk: Walk) -> None:
        """Dispatch the parts that the job store has handed out, or the finish after the last."""
        for part in walk.dispatch:
            self._dispatch.score(spec.full_name, spec.id, part)
        if walk.all_done:
            self._dispatch.finish(spec.full_name, spec.id)
