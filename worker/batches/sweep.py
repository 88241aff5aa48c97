"""Ends `/v1` batches whose window is over; removes expired batches, files and partial uploads."""

import logging
from typing import Any

from shared.errors.service import DataDamaged
from shared.jobs.job_ids import made_at
from shared.jobs.job_store import JobStore
from shared.jobs.state import ENDED, State
from shared.storage.batches import WINDOW_SECONDS, batch_files, batches
from shared.storage.blobs import Blobs
from shared.storage.manifest import has_manifest, settle
from shared.storage.owned_records import RecordStore

logger = logging.getLogger(__name__)


def sweep_batches(store: JobStore, blobs: Blobs, orphan_seconds: float) -> None:
    """Go through the files and the batches of all owners.

    Args:
        store: the jobs of the batches, and the clock.
        blobs: holds the files and batches.
        orphan_seconds: a file without a record, or a batch without a job, is removed when nothing
            was written to it for longer than this. Until then it may be under way.
    """
    now = store.now()
    _sweep_files(blobs, now, orphan_seconds)
    _sweep_records(store, blobs, now, orphan_seconds)


def _sweep_files(blobs: Blobs, now: float, orphan_seconds: float) -> None:
    files = batch_files(blobs)
    for owner in files.owners():
        for name in files.names(owner):
            try:
                file = files.find(owner, name)
            except DataDamaged as error:
                # It stays: its record may be restored from a backup, and its owner can delete it.
                logger.error("file=%s: %s", name, error)  # noqa: TRY400  it is no bug
                continue
            if (file and file.expires_at <= now) or (
                not file and _is_orphan(files, blobs, owner, name, orphan_seconds)
            ):
                files.delete(owner, name)
                logger.info("removed file=%s", name)


def _sweep_records(store: JobStore, blobs: Blobs, now: float, orphan_seconds: float) -> None:
    records = batches(blobs)
    for owner in records.owners():
        names = records.names(owner)
        states = store.known(names)
        for name in names:
            if name in states and states[name] is not State.EXPIRED:
                if states[name] not in ENDED and made_at(name) + WINDOW_SECONDS <= now:
                    _expire(store, blobs, owner, name)
                continue
            batch = records.find_whole(owner, name)
            if batch and batch.problems:
                is_over = batch.expires_at <= now
            else:
                # Its job may yet be recorded, or be restored from its manifest.
                is_over = states.get(name) is State.EXPIRED or (
                    not has_manifest(blobs, name)
                    and _is_orphan(records, blobs, owner, name, orphan_seconds)
                )
            if is_over:
                records.delete(owner, name)
                logger.info("removed batch=%s", name)


def _expire(store: JobStore, blobs: Blobs, owner: str, name: str) -> None:
    """Fail the job of a batch whose window is over; its finished rows can still be downloaded."""
    records = batches(blobs)
    if batch := records.find_whole(owner, name):
        # First: a failed job alone does not tell that the window was the reason.
        records.put(batch.model_copy(update={"expired": True}))
    hours = WINDOW_SECONDS // 3600
    if store.move(name, State.FAILED, f"It had not ended within its window of {hours} hours."):
        settle(store, blobs, name)
        logger.warning("job=%s failed: the window of its batch is over", name)


def _is_orphan(
    records: RecordStore[Any], blobs: Blobs, owner: str, name: str, orphan_seconds: float
) -> bool:
    return blobs.quiet_seconds(records.folder(owner, name)) > orphan_seconds
