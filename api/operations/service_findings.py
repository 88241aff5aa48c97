"""What is well and what is wrong with the service, as far as one replica of the API sees it."""

import os
import time
from collections.abc import Iterator
from threading import Lock
from typing import NamedTuple

from api.operations.snapshot import Snapshot
from api.release import release
from api.services import Services
from shared.config.settings import Settings
from shared.monitoring.blob_findings import blob_findings
from shared.monitoring.findings import AT_THE_API, Finding
from shared.monitoring.redis_findings import redis_findings
from shared.monitoring.settings_findings import settings_findings
from shared.monitoring.worker_findings import worker_findings
from shared.storage.opening import identity_of

#: For how long what was found about object storage is repeated, in seconds: consoles ask for it all
#: the time, and a look costs seven requests.
REPEATED_SECONDS = 30.0


class _Look(NamedTuple):
    """What was found about the blob store."""

    at: float
    findings: tuple[Finding, ...]
    identity: str


_looks: dict[str, _Look] = {}
_looking = Lock()


def _look(settings: Settings) -> _Look:
    """Look at the blob store; at object storage from time to time, one thread at a time."""
    if not settings.blobs:
        return _Look(0.0, tuple(blob_findings(settings)), identity_of(settings))
    with _looking:
        found = _looks.get(settings.blobs)
        if found is None or time.monotonic() > found.at + REPEATED_SECONDS:
            findings, identity = tuple(blob_findings(settings)), identity_of(settings)
            found = _looks[settings.blobs] = _Look(time.monotonic(), findings, identity)
    return found


def service_findings(services: Services, snapshot: Snapshot) -> Iterator[Finding]:
    """The findings of `scorelane doctor` that need no look at another machine."""
    settings = services.settings
    yield from settings_findings(os.environ)
    blobs = _look(settings)
    yield from blobs.findings
    yield from redis_findings(settings, snapshot.server, AT_THE_API)
    yield from worker_findings(
        settings,
        snapshot.workers,
        snapshot.serving,
        blobs=blobs.identity,
        release=release(),
        place=AT_THE_API,
    )
