"""The job store and Celery's queues reach the same Redis, with every form of its address."""

import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from redis.exceptions import AuthenticationError, RedisError
from support.programs import Programs
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, bulk_queue, make_celery
from shared.redis.link import RedisLink
from shared.redis_address import RedisAddress

#: With signs that mean something in an address.
PASSWORD = "p@ss#w:rd/%2F?"  # noqa: S105  of no other Redis

MODEL = "length@1"


@pytest.fixture
def admin(redis_url: str) -> Iterator[Any]:
    """A client that may do everything."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def user(admin: Any) -> Iterator[str]:
    """A user who needs `PASSWORD`, and may run no dangerous command."""
    name = uuid.uuid4().hex
    admin.acl_setuser(
        name,
        enabled=True,
        passwords=[f"+{PASSWORD}"],
        keys=["*"],
        categories=["+@all", "-@dangerous", "-@admin"],
        # For these tests.
        commands=["+acl"],
    )
    yield name
    admin.acl_deluser(name)


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    """A file with the password."""
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    return path


def send(settings: Settings) -> None:
    """Send a message, as a program with these settings does."""
    with make_celery(settings) as celery:
        CeleryDispatch(celery).split(MODEL, "a-job")


def who_am_i(link: RedisLink) -> str:
    return str(link.client.acl_whoami())


def test_tls() -> None:
    """The options of TLS in the address hold for the job store and the queues."""
    address = RedisAddress("rediss://host:6380/2?ssl_ca_certs=ca.pem&ssl_cert_reqs=none")
    options = address.options()
    assert issubclass(options.pop("connection_class"), redis.SSLConnection)
    connection = redis.SSLConnection(**options)
    assert (connection.host, connection.port, connection.db) == ("host", 6380, 2)
    assert (connection.ca_certs, connection.cert_reqs) == ("ca.pem", ssl.CERT_NONE)


def test_the_database_of_a_unix_socket(redis_settings: Settings) -> None:
    """Two services on two databases of one Redis do not get each other's messages."""
    settings = redis_settings.model_copy(update={"redis_url": f"{redis_settings.redis_url}?db=3"})
    send(settings)
    here, elsewhere = RedisLink(settings), RedisLink(redis_settings)
    key = here.key(bulk_queue(MODEL))
    assert here.client.llen(key) == 1
    assert elsewhere.client.llen(key) == 0
    here.client.delete(key)
    here.close()
    elsewhere.close()


@pytest.mark.parametrize("where", ["the address", "a file"])
def test_a_user_and_a_password(
    where: str, user: str, password_file: Path, redis_settings: Settings
) -> None:
    """The address may name the user and the password, or the user alone, next to a file."""
    login = user if where == "a file" else f"{user}:{quote(PASSWORD, safe='')}"
    changes: dict[str, Any] = {
        "redis_url": redis_settings.redis_url.replace("unix://", f"unix://{login}@")
    }
    if where == "a file":
        changes["redis_password_file"] = password_file
    settings = redis_settings.model_copy(update=changes)
    link = RedisLink(settings)
    assert who_am_i(link) == user
    send(settings)
    assert link.client.llen(link.key(bulk_queue(MODEL))) == 1
    link.close()


def test_a_password_is_rotated(
    admin: Any, user: str, password_file: Path, redis_settings: Settings
) -> None:
    """The file is read for each new connection, so no program need be restarted."""
    url = redis_settings.redis_url.replace("unix://", f"unix://{user}@")
    changes = {"redis_url": url, "redis_password_file": password_file}
    settings = redis_settings.model_copy(update=changes)
    link = RedisLink(settings)
    with make_celery(settings) as celery:
        dispatch = CeleryDispatch(celery)
        dispatch.split(MODEL, "before")
        assert who_am_i(link) == user
        admin.acl_setuser(user, enabled=True, passwords=["+another", f"-{PASSWORD}"])
        admin.execute_command("CLIENT", "KILL", "USER", user)
        with pytest.raises(AuthenticationError):
            who_am_i(link)
        password_file.unlink()
        with pytest.raises(RedisError, match="the password of Redis cannot be read"):
            who_am_i(link)
        password_file.write_text("another")
        assert who_am_i(link) == user
        dispatch.split(MODEL, "after")
    assert link.client.llen(link.key(bulk_queue(MODEL))) == 2
    link.close()


class TestFailover:
    """An old primary that has become a replica leaves its connections open."""

    @pytest.fixture
    def servers(self, tmp_path: Path, redis_url: str) -> Iterator[tuple[Path, Programs]]:
        """A name that leads to a Redis of its own, and that Redis."""
        own = Path(redis_url.removeprefix("unix://")).parent / uuid.uuid4().hex[:8]
        own.mkdir()
        programs = Programs(tmp_path, own)
        programs.start_redis()
        name = own / "name"
        name.symlink_to(programs._socket)
        with redis.Redis.from_url(f"unix://{name}") as client:
            wait_for(lambda: _answers(client))
        yield name, programs
        programs.stop()

    def test_the_new_primary_is_found(
        self, servers: tuple[Path, Programs], redis_settings: Settings
    ) -> None:
        """A refused write is repeated on a new connection, as the name leads elsewhere by now."""
        name, old = servers
        settings = redis_settings.model_copy(update={"redis_url": f"unix://{name}"})
        link = RedisLink(settings)
        with (
            make_celery(settings) as celery,
            redis.Redis.from_url(f"unix://{old._socket}") as on_old,
        ):
            dispatch = CeleryDispatch(celery)
            dispatch.split(MODEL, "before")
            link.client.set(link.key("any"), "old")
            on_old.execute_command("REPLICAOF", "127.0.0.1", "1")
            name.unlink()
            name.symlink_to(redis_settings.redis_url.removeprefix("unix://"))
            link.client.set(link.key("any"), "new")
            link.at_once(("SET", link.key("other"), "new"))
            dispatch.split(MODEL, "after")
        assert link.client.get(link.key("any")) == "new"
        assert link.client.llen(link.key(bulk_queue(MODEL))) == 1
        link.close()


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
