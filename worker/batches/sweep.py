"""Ends batches of `/v1` whose window is over; removes what has had its time, and half files."""

import logging
from typing import Any

from shared.jobs.job import ENDED, State, made_at
from shared.jobs.job_store import JobStore
from shared.storage.batches import WINDOW_SECONDS, batch_files, batches
from shared.storage.blobs import Blobs
from shared.storage.manifest import has_manifest, settle
from shared.storage.owned_records import RecordStore

logger = logging.getLogger(__name__)


def sweep_batches(store: JobStore, blobs: Blobs, orphan_seconds: float) -> None:
    """Look through all of them.

    Args:
        store: knows the jobs of batches, and the time.
        blobs: where they are.
        orphan_seconds: half a file is somebody's upload until it was quiet for so long.
    """
    files, now = batch_files(blobs), store.now()
    for owner in files.owners():
        for name in files.names(owner):
            file = files.find(owner, name)
            if (file and file.expires_at <= now) or (
                not file and _is_orphan(files, blobs, owner, name, orphan_seconds)
            ):
                files.delete(owner, name)
                logger.info("removed file=%s", name)
    shelf = batches(blobs)
    for owner in shelf.owners():
        names = shelf.names(owner)
        states = store.known(names)
        for name in names:
            if name in states and states[name] is not State.EXPIRED:
                if states[name] not in ENDED and made_at(name) + WINDOW_SECONDS <= now:
                    _expire(store, blobs, owner, name)
                continue
            batch = shelf.find(owner, name)
            if batch and batch.problems:
                gone = batch.expires_at <= now
            else:
                # Its job may be recorded in a moment, or restored from its manifest.
                gone = states.get(name) is State.EXPIRED or (
                    not has_manifest(blobs, name)
                    and _is_orphan(shelf, blobs, owner, name, orphan_seconds)
                )
            if gone:
                shelf.delete(owner, name)
                logger.info("removed batch=%s", name)


def _expire(store: JobStore, blobs: Blobs, owner: str, name: str) -> None:
    """End a batch whose window is over; what is done of it can be fetched."""
    shelf = batches(blobs)
    if batch := shelf.find(owner, name):
        # First: a job that has failed says nothing of why.
        shelf.put(batch.model_copy(update={"expired": True}))
    hours = WINDOW_SECONDS // 3600
    if store.move(name, State.FAILED, f"It had not ended within its window of {hours} hours."):
        settle(store, blobs, name)
        logger.warning("job=%s failed: the window of its batch is over", name)


def _is_orphan(
    shelf: RecordStore[Any], blobs: Blobs, owner: str, name: str, orphan_seconds: float
) -> bool:
    return blobs.quiet_seconds(shelf.folder(owner, name)) > orphan_seconds
