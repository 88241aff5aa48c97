"""Fixtures for tests with the real programs."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.faulty import Faulty, faulty
from support.programs import Programs, programs


@pytest.fixture(scope="session")
def sockets() -> Iterator[Path]:
    """A folder with a short path, because the path of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="scorelane-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """The service with both bundled models and one worker of two processes, shared by a module."""
    folder = tmp_path_factory.mktemp("service")
    own = Path(tempfile.mkdtemp(dir=sockets))
    with programs(folder, own, serve="fast,deep", processes="2") as running:
        running.start_worker()
        running.wait_ready()
        yield running


#: Leases so short that a test can wait until they expire.
SHORT = {"lease_seconds": "3", "reconcile_seconds": "1", "heartbeat_seconds": "1"}


@pytest.fixture
def fragile(tmp_path: Path, sockets: Path) -> Iterator[Programs]:
    """Redis and the API for a single test, which may break them."""
    own = Path(tempfile.mkdtemp(dir=sockets))
    with programs(tmp_path, own, processes="2", **SHORT) as running:
        yield running


@pytest.fixture
def slow(tmp_path: Path, sockets: Path) -> Iterator[Faulty]:
    """Redis and the API, with a model of a fixed rate, so that jobs last on fast machines too."""
    own = Path(tempfile.mkdtemp(dir=sockets))
    with faulty(tmp_path, own, processes="2", part_seconds="0.4", **SHORT) as running:
        yield running
