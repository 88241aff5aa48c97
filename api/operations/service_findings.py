"""What is well and what is wrong with the service, as far as one replica of the API sees it."""

import os
from collections.abc import Iterator

from api.operations.snapshot import Snapshot
from api.release import release
from api.services import Services
from shared.monitoring.blob_findings import blob_findings
from shared.monitoring.findings import AT_THE_API, Finding
from shared.monitoring.redis_findings import redis_findings
from shared.monitoring.settings_findings import settings_findings
from shared.monitoring.worker_findings import worker_findings
from shared.storage.opening import identity_of


def service_findings(services: Services, snapshot: Snapshot) -> Iterator[Finding]:
    """The findings of `scorelane doctor` that need no look at another machine."""
    settings = services.settings
    yield from settings_findings(os.environ)
    yield from blob_findings(settings)
    yield from redis_findings(settings, snapshot.server, AT_THE_API)
    yield from worker_findings(
        settings,
        snapshot.workers,
        snapshot.serving,
        blobs=identity_of(settings),
        release=release(),
        place=AT_THE_API,
    )
