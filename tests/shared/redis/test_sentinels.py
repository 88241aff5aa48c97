"""The primary of a Redis is found by its sentinels, also after a failover: with real servers."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError
from support.sentinels import Failover, failover
from support.stored import small
from support.waiting import wait_for

from shared import redis_sentinels
from shared.config.redis_url import SentinelUrl, redis_address, sentinel_url, without_secrets
from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, bulk_queue, make_celery
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.redis_address import RedisAddress

MODEL = "fast@0123456789ab"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failover]:
    """Real servers and sentinels; each test leaves them complete."""
    # On a busy machine, nobody is to be taken for dead who is not.
    with failover(tmp_path_factory.mktemp("failover"), down_after=2000) as found:
        yield found


@pytest.fixture
def settings(servers: Failover) -> Settings:
    return Settings(redis_url=servers.url, redis_timeout=20)


@pytest.fixture
def link(settings: Settings) -> Iterator[RedisLink]:
    link = RedisLink(settings)
    yield link
    link.close()


@pytest.fixture
def complete(servers: Failover) -> Iterator[None]:
    """Afterwards every server is up and in sync again."""
    yield
    servers.complete()


class TestAddress:
    def test_its_parts(self) -> None:
        """The login and the database are those of Redis; that of the sentinels is in options."""
        url = "sentinel://me:a%2Cb@h1:1,h2,[::1]:3/main/2?sentinel_username=s&sentinel_password=%26"
        addresses = (("h1", 1), ("h2", 26379), ("::1", 3))
        wanted = SentinelUrl(addresses, "main", "redis://me:a%2Cb@main/2", "s", "&")
        assert sentinel_url(redis_address(url)) == wanted
        assert without_secrets(url) == "sentinel://h1:1,h2,[::1]:3/main/2"
        assert RedisAddress(url).host == "main"

    @pytest.mark.parametrize(
        "url",
        [
            "sentinel://h1:26379",
            "sentinel://h1:26379/",
            "sentinel://h1:26379,/mymaster",
            "sentinel://h1:port/mymaster",
            "sentinel://h1:0/mymaster",
            "sentinel://h1/mymaster/first",
            "sentinel:///mymaster",
        ],
    )
    def test_what_is_none(self, url: str) -> None:
        with pytest.raises(ValueError, match="sentinel://HOST:PORT,HOST:PORT/NAME/NUMBER"):
            redis_address(url)

    def test_tls(self) -> None:
        """With `sentinels`, Redis and the sentinels are reached by TLS, with the same options."""
        options = RedisAddress("sentinels://h1/main?ssl_ca_certs=ca.pem").options()
        assert issubclass(options["connection_class"], redis.SSLConnection)
        assert options["ssl_ca_certs"] == "ca.pem"
        (sentinel,) = options["sentinels"]._sentinels
        pool = sentinel.connection_pool
        assert issubclass(pool.connection_class, redis.SSLConnection)
        assert pool.connection_kwargs["ssl_ca_certs"] == "ca.pem"

    def test_a_password_of_the_sentinels_in_a_file(self, tmp_path: Path) -> None:
        """It is theirs alone; the file of Redis's password is another one."""
        (tmp_path / "s").write_text("theirs\n")
        (tmp_path / "r").write_text("its\n")
        address = RedisAddress("sentinel://h1/main", tmp_path / "r", tmp_path / "s")
        options = address.options()
        assert options["credential_provider"].get_credentials() == ("its",)
        (sentinel,) = options["sentinels"]._sentinels
        of_sentinel = sentinel.connection_pool.connection_kwargs
        assert of_sentinel["credential_provider"].get_credentials() == ("theirs",)


@pytest.mark.process
class TestFailover:
    @pytest.mark.usefixtures("complete")
    def test_the_primary_dies(self, servers: Failover, settings: Settings, link: RedisLink) -> None:
        """The job store and the queues go on with the new one, on connections that were open."""
        with make_celery(settings) as celery:
            dispatch = CeleryDispatch(celery)
            dispatch.split(MODEL, "before")
            link.client.set("any", "before")
            old = servers.primary()
            with servers.on(old) as client:
                client.wait(2, 5000)
            servers.kill(old)
            wait_for(lambda: succeeds(lambda: link.client.set("any", "after")), 60)
            wait_for(lambda: succeeds(lambda: dispatch.split(MODEL, "after")), 60)
        new = wait_for(lambda: (found := servers.primary()) != old and found)
        with servers.on(new) as client:
            assert client.get("any") == "after"
            assert client.llen(link.key(bulk_queue(MODEL))) == 2

    def test_a_small_job_is_on_a_replica_when_it_is_accepted(
        self, servers: Failover, settings: Settings, link: RedisLink
    ) -> None:
        """A failover does not lose it. Replicas that are stuck delay it for a moment only."""
        store = RedisJobStore(link, settings)
        old = servers.primary()
        replicas = [port for port in servers.ports if port != old]

        def copies(job_id: str) -> int:
            with servers.on(replicas[0]) as one, servers.on(replicas[1]) as other:
                return sum(client.exists(link.key("job", job_id)) for client in (one, other))

        for _ in range(20):
            job_id, _ = small(store, 1)
            assert copies(job_id)
        for port in replicas:
            servers.running[port].send_signal(signal.SIGSTOP)
        job_id, _ = small(store, 1)
        assert store.get(job_id).spec.kind == "small"
        for port in replicas:
            servers.running[port].send_signal(signal.SIGCONT)
        wait_for(lambda: copies(job_id) == 2)

    @pytest.mark.usefixtures("complete")
    def test_a_planned_failover(self, servers: Failover, link: RedisLink) -> None:
        """No call fails when the old primary becomes a replica; one that blocks goes on, too."""
        link.client.set("any", 0)
        old = servers.primary()
        with redis.Redis(port=servers.sentinel_ports[0]) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", "mymaster")
        assert link.patient.blmove("none", "other", 1) is None
        wait_for(lambda: link.client.incr("any") and servers.primary() not in (0, old))
        assert link.client.role()[0] == "master"

    @pytest.mark.usefixtures("complete")
    def test_an_old_primary_comes_to_itself(
        self, servers: Failover, link: RedisLink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It still takes itself for the primary, and its connections are open: not written to."""
        link.client.set("any", "before")
        old = servers.primary()
        with servers.on(old) as on_old:
            assert on_old.get("any") == "before"
            servers.running[old].send_signal(signal.SIGSTOP)
            wait_for(lambda: servers.primary() not in (0, old), 60)
            monkeypatch.setattr(redis_sentinels, "IDLE_SECONDS", -1.0)
            servers.running[old].send_signal(signal.SIGCONT)
            link.client.set("any", "after")
            assert on_old.get("any") == "before"
        with servers.on(servers.primary()) as on_new:
            assert on_new.get("any") == "after"

    @pytest.mark.usefixtures("complete")
    def test_most_sentinels_are_out_of_reach(
        self, servers: Failover, settings: Settings, link: RedisLink
    ) -> None:
        """Open connections go on; a new one is refused, as it might lead to an old primary."""
        link.client.set("any", "open")
        for port in servers.sentinel_ports[:2]:
            servers.kill(port)
        assert link.client.get("any") == "open"
        other = RedisLink(settings)
        with pytest.raises(NoConnection, match="only 1 of 3 sentinels answer for 'mymaster'"):
            other.client.get("any")
        servers.start(servers.sentinel_ports[0])
        assert wait_for(lambda: succeeds(lambda: other.client.get("any")))
        other.close()

    def test_a_name_that_no_sentinel_knows(self, servers: Failover) -> None:
        link = RedisLink(Settings(redis_url=servers.url.replace("mymaster", "other")))
        with pytest.raises(NoConnection, match="No such master with that name"):
            link.client.get("any")
        link.close()


def succeeds(call: Callable[[], Any]) -> bool:
    """Whether a call raises no error of Redis or of the queue."""
    try:
        call()
    except (RedisError, OperationalError):
        return False
    return True
