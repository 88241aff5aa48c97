"""Whether there is room for another job."""

from api.security.access import current_identity
from api.services import Services
from shared.errors.service import ServiceFull
from shared.fleet import Served
from shared.jobs.bulk_limits import BulkLimits
from shared.redis.held_bytes import HeldLimits


def check_room(services: Services, rows: int) -> None:
    """Check that another bulk job of about `rows` rows may wait; recording one checks it again.

    Raises:
        shared.errors.service.ServiceFull: too many jobs or rows are waiting already.
        shared.errors.service.OwnerFull: too many jobs or rows of this owner are waiting already.
    """
    owner = current_identity().owner
    load = services.store.load(owner)
    BulkLimits.of(services.settings).check(load, owner, rows)
    HeldLimits(services.settings).check(load, owner)


def check_small_room(services: Services, served: Served) -> None:
    """Check that another small job may wait for its model; recording one checks it atomically.

    Raises:
        shared.errors.service.ServiceFull: too many small jobs and questions are waiting already.
    """
    limit = services.settings.max_waiting_small
    if services.store.waiting_small(served.card.full_name) >= limit:
        raise ServiceFull(what=f"{limit:,} small jobs and questions")
