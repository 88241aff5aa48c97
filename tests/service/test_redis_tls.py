"""Redis is reached by TLS: with an own authority, client certificates, and sentinels."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError
from support.authority import Authority
from support.programs import Programs, check_rows, free_port, many_rows, programs
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, bulk_queue, make_celery
from shared.redis.link import RedisLink

pytestmark = pytest.mark.stack

MODEL = "fast@0123456789ab"

#: Starts a server with TLS and with these lines in its configuration; yields its port.
Serve = Callable[..., int]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A redis-server that was built with TLS."""
    named = tmp_path_factory.mktemp("program") / "redis-server"
    if tools := shutil.which("redis-check-rdb"):
        # Debian's package of tools has the server, too: it is one program with several names.
        named.symlink_to(tools)
    for path in (str(named), shutil.which("redis-server")):
        if path and Path(path).exists():
            # Without TLS it ends with another complaint.
            asked = [path, "--port", "0", "--tls-port", "1"]
            found = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
            if "No tls-cert-file configured" in found.stdout + found.stderr:
                return path
    pytest.skip("no redis-server with TLS: tests/service/redis_with_tls.sh installs Debian's")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def serve(program: str, authority: Authority, tmp_path: Path) -> Iterator[Serve]:
    """A function that starts servers; they end with the test."""
    with ExitStack() as stack:
        yield lambda *lines, **options: stack.enter_context(
            _server(program, authority, tmp_path, *lines, **options)
        )


@contextmanager
def _server(
    program: str,
    authority: Authority,
    folder: Path,
    *lines: str,
    name: str = "localhost",
    sentinel: bool = False,
) -> Iterator[int]:
    port, (certificate, key) = free_port(), authority.sign(name, address="127.0.0.1")
    if name != "localhost":
        certificate, key = authority.sign(name)
    config = folder / f"{port}.conf"
    content = [
        "port 0",
        f"tls-port {port}",
        f"tls-cert-file {certificate}",
        f"tls-key-file {key}",
        f"tls-ca-cert-file {authority.file}",
        "tls-replication yes",
        *lines,
        f"dir {folder}",
    ]
    config.write_text("\n".join([*content, ""]))
    command = [program, str(config), *(["--sentinel"] if sentinel else [])]
    with (folder / f"{port}.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: b"Ready to accept connections" in log_of(folder, port) or sentinel)
        yield port
    finally:
        server.terminate()
        server.wait()


def log_of(folder: Path, port: int) -> bytes:
    return (folder / f"{port}.log").read_bytes()


@contextmanager
def link_to(url: str) -> Iterator[RedisLink]:
    link = RedisLink(Settings(redis_url=url))
    yield link
    link.close()


def test_an_authority_of_ones_own(serve: Serve, authority: Authority) -> None:
    """The job store and the queues trust it by the option; without the option nothing is sent."""
    port = serve('save ""', "tls-auth-clients no")
    url = f"rediss://localhost:{port}/0"
    with link_to(url) as link, pytest.raises(NoConnection, match="CERTIFICATE_VERIFY_FAILED"):
        link.client.ping()
    settings = Settings(redis_url=f"{url}?ssl_ca_certs={authority.file}")
    with make_celery(settings) as celery, link_to(settings.redis_url) as link:
        CeleryDispatch(celery).split(MODEL, "a-job")
        assert link.client.llen(link.key(bulk_queue(MODEL))) == 1


def test_a_certificate_of_another_name(serve: Serve, authority: Authority) -> None:
    """It is refused, unless the address says that the name is not compared."""
    port = serve('save ""', "tls-auth-clients no", name="other.example")
    url = f"rediss://localhost:{port}/0?ssl_ca_certs={authority.file}"
    with link_to(url) as link, pytest.raises(NoConnection, match="Hostname mismatch"):
        link.client.ping()
    with link_to(f"{url}&ssl_check_hostname=false") as link:
        assert link.client.ping()


def test_redis_asks_for_a_certificate(serve: Serve, authority: Authority) -> None:
    """The address names the client's; without it Redis ends the connection."""
    port = serve('save ""', "tls-auth-clients yes")
    url = f"rediss://localhost:{port}/0?ssl_ca_certs={authority.file}"
    with link_to(url) as link, pytest.raises(RedisError):
        link.client.ping()
    certificate, key = authority.sign("client")
    with link_to(f"{url}&ssl_certfile={certificate}&ssl_keyfile={key}") as link:
        assert link.client.ping()


def test_sentinels_by_tls(serve: Serve, authority: Authority) -> None:
    """With `sentinels://` the sentinel and the Redis that it names are reached by TLS."""
    port = serve('save ""', "tls-auth-clients no")
    watch = f"sentinel monitor mymaster 127.0.0.1 {port} 1"
    sentinel = serve(watch, "tls-auth-clients no", sentinel=True)
    url = f"sentinels://localhost:{sentinel}/mymaster?ssl_ca_certs={authority.file}"
    with link_to(url) as link:

        def answers() -> bool:
            with suppress(RedisError):
                return bool(link.client.set("any", "text"))
            return False

        wait_for(answers)
    plain = f"sentinel://localhost:{sentinel}/mymaster"
    with link_to(plain) as link, pytest.raises(NoConnection):
        link.client.ping()


class Elsewhere(Programs):
    """The programs without a Redis of their own."""

    def start_redis(self, *_: str) -> None:
        pass


def test_the_whole_service(
    serve: Serve, authority: Authority, tmp_path: Path, sockets: Path
) -> None:
    """Bulk and small jobs over TLS, with a client's certificate and a password."""
    certificate, key = authority.sign("client")
    port = serve('save ""', "requirepass secret")
    files = f"ssl_ca_certs={authority.file}&ssl_certfile={certificate}&ssl_keyfile={key}"
    env = {"SCORELANE_REDIS_URL": f"rediss://:secret@localhost:{port}/0?{files}"}
    own = Path(tempfile.mkdtemp(dir=sockets))
    with programs(tmp_path, own, kind=Elsewhere, env=env) as service:
        service.start_worker()
        service.wait_ready()
        content, sent = many_rows(20_000)
        job = service.submit(content)
        assert service.client.post("/sentiment", json=[{"text": "bad"}]).status_code == 200
        assert service.wait_for_end(job)["state"] == "succeeded"
        check_rows(service.results(job), sent)
