"""Finds what was dispatched and got lost, and what has had its time."""

import logging

from shared.blobs import Blobs
from shared.dispatch import Dispatch
from shared.job_store import JobStore, Overdue
from shared.settings import Settings

logger = logging.getLogger(__name__)

#: Jobs expired in one run: the lock is not held for long.
EXPIRE_AT_ONCE = 100


class Reconciler:
    """Every worker runs one on a timer; a lock in the job store lets one at a time work."""

    def __init__(
        self, settings: Settings, *, store: JobStore, blobs: Blobs, dispatch: Dispatch
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._dispatch = dispatch
        self._lock_seconds = 6 * settings.reconcile_seconds

    def reconcile(self, full_names: list[str]) -> None:
        """Set going again what hangs, for these models; delete what has expired, of any."""
        with self._store.reconciling(self._lock_seconds) as held:
            if not held:
                return
            for full_name in self._store.return_small():
                logger.warning("reconcile model=%s: small jobs put back", full_name)
            for full_name in full_names:
                # Also where a bell was lost between the job's record and its message.
                if self._store.waiting_small(full_name):
                    self._dispatch.answer(full_name)
            for overdue in self._store.overdue(full_names):
                self._dispatch_again(overdue)
            for job in self._store.expire(EXPIRE_AT_ONCE):
                self._blobs.delete(job.spec.folder)
                logger.info("expired job=%s", job.spec.id)

    def _dispatch_again(self, overdue: Overdue) -> None:
        spec = overdue.job.spec
        logger.warning(
            "reconcile job=%s split=%s finish=%s parts=%s",
            spec.id,
            overdue.split,
            overdue.finish,
            overdue.parts,
        )
        if overdue.split:
            self._dispatch.split(spec.full_name, spec.id)
        if overdue.finish:
            self._dispatch.finish(spec.full_name, spec.id)
        for part in overdue.parts:
            self._dispatch.score(spec.full_name, spec.id, part)
