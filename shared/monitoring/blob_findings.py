"""Findings about the blob store: whether it can be written, and has room."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shared.monitoring.disk import nearest_folder
from shared.monitoring.findings import Finding, fault, fine, warning

#: With less free disk space than this there is a warning, and a fault, in bytes.
LITTLE_ROOM, NO_ROOM = 2 * 2**30, 200 * 2**20


def blob_findings(folder: Path) -> Iterator[Finding]:
    """Check that the folder of the blob store can be written, and has free space."""
    existing = nearest_folder(folder)
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(existing).free
    except OSError as error:
        yield fault(
            "blobs",
            f"{folder} cannot be written: {error.strerror}.",
            "Let the API and the workers write there, or name another in SCORELANE_BLOBS_DIR.",
        )
        return
    message = f"{folder} can be written, and has {free / 1e9:,.1f} GB free."
    advice = "Free some space, or lower SCORELANE_RETENTION_SECONDS: a full disk stops all jobs."
    if free < NO_ROOM:
        yield fault("blobs", message, advice)
    elif free < LITTLE_ROOM:
        yield warning("blobs", message, advice)
    else:
        yield fine("blobs", message)
