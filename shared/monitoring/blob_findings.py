"""Findings about the blob store: whether it can be written, and has room."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shared.config.settings import Settings
from shared.monitoring.disk import nearest_folder
from shared.monitoring.findings import Finding, fault, fine, warning
from shared.storage.opening import open_blobs

#: With less free disk space than this there is a warning, and a fault, in bytes.
LITTLE_ROOM, NO_ROOM = 2 * 2**30, 200 * 2**20


def blob_findings(settings: Settings) -> Iterator[Finding]:
    """Check that the blob store can be written, and that its disk has free space."""
    if settings.blobs:
        yield _of_object_storage(settings)
    else:
        yield _of_folder(settings.blobs_dir)


def _of_object_storage(settings: Settings) -> Finding:
    blobs, key = open_blobs(settings), f".doctor/{secrets.token_hex(8)}"
    try:
        blobs.put(key, b"x")
        blobs.read(key)
        blobs.folders("")
        blobs.delete(key)
    except OSError as error:
        return fault(
            "blobs",
            f"{settings.blobs} cannot be used: {error.strerror}",
            "Jobs wait until it can be: docs/how-to/use-object-storage.md.",
        )
    return fine("blobs", f"{settings.blobs} can be written, read, listed and deleted.")


def _of_folder(folder: Path) -> Finding:
    existing = nearest_folder(folder)
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(existing).free
    except OSError as error:
        return fault(
            "blobs",
            f"{folder} cannot be written: {error.strerror}.",
            "Let the API and the workers write there, or name another in SCORELANE_BLOBS_DIR.",
        )
    message = f"{folder} can be written, and has {free / 1e9:,.1f} GB free."
    advice = "Free some space, or lower SCORELANE_RETENTION_SECONDS: a full disk stops all jobs."
    if free < NO_ROOM:
        return fault("blobs", message, advice)
    if free < LITTLE_ROOM:
        return warning("blobs", message, advice)
    return fine("blobs", message)
