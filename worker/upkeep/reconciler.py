"""Finds jobs whose work was lost, and removes what has expired or belongs to no job."""

import logging
from collections.abc import Callable

from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.errors.service import DataDamaged
from shared.fleet import Fleet
from shared.jobs.job_ids import is_job_id
from shared.jobs.job_store import JobStore, Overdue
from shared.jobs.keys import JOBS, folder_of, upload_key_of
from shared.jobs.state import ENDED, State
from shared.lanes import Lanes
from shared.storage.blobs import Blobs
from shared.storage.manifest import read_manifest, recall_end, settle
from shared.telemetry.context import about
from worker.batches.sweep import sweep_batches
from worker.upkeep.clearing import clear_due
from worker.upkeep.outputs_sweep import sweep_outputs

logger = logging.getLogger(__name__)

#: How often blobs are looked for that were never completed, in seconds.
UNFINISHED_SECONDS = 3600.0

#: The most jobs that are expired in one run, so that the lock is not held for long.
MAX_EXPIRED = 100

#: The most small jobs that are archived at a time, so that Redis answers others in between.
MAX_ARCHIVED = 500

#: The most times that it does so in one run: the worker sends no heartbeat meanwhile.
MAX_BATCHES = 10


class Reconciler:
    """Looks for lost work. Every worker has one; a lock in the job store lets one at a time run."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        dispatch: Dispatch,
        fleet: Fleet,
        erase: Callable[[], None] = lambda: None,
        remove_unfinished: Callable[[], int] = lambda: 0,
        keep_aliases: Callable[[], int] = lambda: 0,
    ) -> None:
        """Take the collaborators.

        `erase` removes deleted texts from the disk of Redis, and `remove_unfinished` blobs that
        were never completed (`shared.storage.blobs.BlobStore`). `keep_aliases` restores aliases
        that Redis has lost, and writes changes into the blob store (`shared.aliases.Aliases`).
        """
        self._keep_aliases = keep_aliases
        self._erase = erase
        self._remove_unfinished = remove_unfinished
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._dispatch = dispatch
        self._fleet = fleet
        self._lanes = Lanes(settings, store=store, dispatch=dispatch, fleet=fleet)
        #: Whether Redis was another one, and what it lost was not looked for until the end.
        self._is_new = False

    def reconcile(self, full_names: list[str]) -> None:
        """Dispatch overdue work again, and end, restore or remove other jobs as needed.

        Args:
            full_names: the models whose overdue work is dispatched. All else is for any model.
        """
        with self._store.reconciling(6 * self._settings.reconcile_seconds) as locked:
            if not locked:
                return
            if self._store.notice_restart():
                self._is_new = True
                logger.warning("Redis was restarted or has failed over: looking for what it lost")
            self._keep_changes()
            if self._store.due("sweep", self._settings.sweep_seconds) or self._is_new:
                self._sweep(self._is_new)
                # Not before: the sweep may fail, for Redis or the blob store may be away again.
                self._is_new = False
                sweep_outputs(self._store, self._blobs, self._dispatch, full_names)
            for full_name in self._store.return_small():
                logger.warning("reconcile model=%s: small jobs put back", full_name)
            for full_name in full_names:
                # The doorbell may be lost: a process died after it recorded a job, before it rang.
                if self._store.waiting_small(full_name):
                    self._dispatch.answer(full_name)
            for overdue in self._store.overdue(full_names):
                self._dispatch_again(overdue)
            for full_name in full_names:
                # A step may be lost, too: a process died after it made room, before it filled it.
                self._lanes.fill(full_name, check=True)
            self._abandon_replaced()
            self._fleet.forget_unserved(self._settings.replaced_seconds)
            self._remove_ended()
            clear_due(self._store, self._blobs)
            self._erase()

    def _keep_changes(self) -> None:
        try:
            if count := self._keep_aliases():
                logger.warning("%d changes of aliases were written to the blob store", count)
        except (DataDamaged, OSError) as error:
            # Jobs that have a version go on without the names.
            logger.error("the aliases are not complete: %s", error)  # noqa: TRY400  it is no bug

    def _abandon_replaced(self) -> None:
        for full_name in self._store.waited_for():
            if self._fleet.replaced_for(full_name) >= self._settings.replaced_seconds:
                self._abandon(full_name)

    def _dispatch_again(self, overdue: Overdue) -> None:
        spec = overdue.job.spec
        logger.warning(
            "reconcile job=%s split=%s finish=%s parts=%s",
            spec.id,
            overdue.split,
            overdue.finish,
            overdue.parts,
        )
        with about(traceparent=spec.traceparent):
            if overdue.split:
                self._dispatch.split(spec.full_name, spec.id)
            if overdue.finish:
                self._dispatch.finish(spec.full_name, spec.id)
            for part in overdue.parts:
                self._dispatch.score(spec.full_name, spec.id, part)

    def _remove_ended(self) -> None:
        """Move small jobs that ended a while ago to the blob store, and delete what has expired."""
        for _ in range(MAX_BATCHES):
            if self._store.archive(MAX_ARCHIVED) < MAX_ARCHIVED:
                break
        for job in self._store.expire(MAX_EXPIRED):
            self._blobs.delete(job.spec.folder)
            logger.info("expired job=%s", job.spec.id)

    def _abandon(self, full_name: str) -> None:
        reason = (
            f"No worker serves {full_name} any more: another version of the model has taken its "
            "place. Submit the rows again to have them scored by that one."
        )
        logger.error("model=%s: %d jobs failed", full_name, self._store.abandon(full_name, reason))

    def _sweep(self, has_lost: bool) -> None:
        """Restore jobs that only the blob store knows, and remove blobs that belong to no job.

        Args:
            has_lost: whether Redis may lack what was written last: also the end of a job.
        """
        if self._store.due("unfinished", UNFINISHED_SECONDS):
            try:
                if count := self._remove_unfinished():
                    logger.warning("removed %d blobs that were never completed", count)
            except OSError as error:
                logger.warning("blobs that were never completed stay: %s", error.strerror)
        sweep_batches(self._store, self._blobs, self._settings.orphan_seconds)
        # An id begins with the time at which it was made, so the oldest jobs come first.
        ids = [name for name in sorted(self._blobs.folders(JOBS)) if is_job_id(name)]
        states = self._store.known(ids)
        for job_id in ids:
            state = states.get(job_id)
            if state is State.EXPIRED:
                self._blobs.delete(folder_of(job_id))
            elif state is None:
                self._restore_or_remove(job_id)
            elif state in ENDED and self._blobs.exists(upload_key_of(job_id)):
                settle(self._store, self._blobs, job_id)
            elif has_lost and state not in ENDED:
                recall_end(self._store, self._blobs, job_id)

    def _restore_or_remove(self, job_id: str) -> None:
        try:
            manifest = read_manifest(self._blobs, job_id)
        except (DataDamaged, OSError) as error:
            # One job must not keep all others from being restored.
            logger.error("job=%s cannot be restored: %s", job_id, error)  # noqa: TRY400  no bug
            if self._blobs.quiet_seconds(folder_of(job_id)) > self._settings.retention_seconds:
                self._blobs.delete(folder_of(job_id))
            return
        if manifest:
            if self._store.restore(manifest.job, manifest.parts, manifest.outcome):
                logger.warning("restored job=%s from its manifest", job_id)
            else:
                # The process that made it died before its response; the client sent the request
                # again, and that made another job.
                self._blobs.delete(folder_of(job_id))
                logger.warning("removed job=%s: another one was made with its key", job_id)
        # An upload that is under way has no manifest yet, either.
        elif self._blobs.quiet_seconds(folder_of(job_id)) > self._settings.orphan_seconds:
            self._blobs.delete(folder_of(job_id))
            logger.warning("removed what was left of job=%s", job_id)
