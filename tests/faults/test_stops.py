"""A worker stops when it is told to, also if it is not ready, or if Redis is away."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from support.faulty import Faulty
from support.hostile_model import HostileModel
from support.waiting import wait_for
from typing_extensions import override

from benchmarks.runtime_package import make

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]

#: The grace period of a worker in docker-compose.yml, in seconds.
GRACE = 60.0


class SlowToLoad(HostileModel):
    """A model that is never ready; loading it makes the file `loads` next to its own."""

    @classmethod
    @override
    def load(cls, folder: Path, card: object) -> "SlowToLoad":
        (folder / "loads").touch()
        Event().wait()
        raise AssertionError


def test_a_worker_stops_while_it_loads_its_models(start: Start, tmp_path: Path) -> None:
    """SIGTERM ends it in an orderly way, however long the models would take."""
    service = start()
    service.env |= make(tmp_path / "slow", "hostile", SlowToLoad)
    worker = service.start_worker()
    loads = Path(service.env["SCORELANE_MODELS_DIR"]) / "hostile" / "loads"
    wait_for(loads.exists)
    worker.terminate()
    assert worker.wait(GRACE) == 0


def test_a_worker_stops_while_redis_is_away(start: Start) -> None:
    """A scoring process that waits for Redis to announce its models does not hold up the stop."""
    service = start()
    service.redis.kill()
    service.redis.wait()
    worker = service.start_worker()
    log = service.folder / "worker.log"
    wait_for(lambda: "not announced yet" in log.read_text())
    worker.terminate()
    assert worker.wait(GRACE) == 0
