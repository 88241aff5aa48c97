"""Whether there is room for another job."""

from api.security.access import current_identity
from api.services import Services
from shared.errors.service import OwnerFull, ServiceFull
from shared.fleet import Served


def check_room(services: Services, rows: int) -> None:
    """Check that another bulk job of about `rows` rows may wait.

    Raises:
        shared.errors.service.ServiceFull: too many jobs or rows are waiting already.
        shared.errors.service.OwnerFull: too many jobs or rows of this owner are waiting already.
    """
    settings, owner = services.settings, current_identity().owner
    load = services.store.load(owner)
    if load.jobs >= settings.max_waiting_jobs or load.rows + rows > settings.max_waiting_rows:
        raise ServiceFull(what=f"{load.jobs:,} jobs of {load.rows:,} rows")
    if not owner:
        return
    has_too_many_jobs = load.owner_jobs >= settings.owner_waiting_jobs
    if has_too_many_jobs or load.owner_rows + rows > settings.owner_waiting_rows:
        raise OwnerFull(what=f"{load.owner_jobs:,} jobs of {load.owner_rows:,} rows")


def check_small_room(services: Services, served: Served) -> None:
    """Check that another small job may wait for its model; recording one checks it atomically.

    Raises:
        shared.errors.service.ServiceFull: too many small jobs and questions are waiting already.
    """
    limit = services.settings.max_waiting_small
    if services.store.waiting_small(served.card.full_name) >= limit:
        raise ServiceFull(what=f"{limit:,} small jobs and questions")
