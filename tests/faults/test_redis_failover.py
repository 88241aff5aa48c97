"""Redis hands over to a replica, is slow to load its data, or has no room for connections."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from support.faulty import ROWS, Faulty, SentJob
from support.programs import free_port
from support.waiting import wait_for

from scorelane.stack.redis_server import redis_server

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]


def under_way(service: Faulty) -> SentJob:
    """Start a worker, and a job of which a part is done."""
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows(ROWS // 2)
    wait_for(lambda: service.rows_done(job) > ROWS // 16, 120)
    return job


def goes_on(service: Faulty, job: SentJob) -> None:
    """Check that the job goes on as soon as Redis answers, and has every row."""
    wait_for(lambda: service.status(job.location) == 200, 120)
    service.check(job)


@contextmanager
def replica_of(client: Any, folder: Path) -> Iterator[tuple[Path, Any, int]]:
    """A replica in sync; yields its socket, a client, and its port."""
    folder.mkdir()
    ports = free_port(), free_port()
    client.config_set("port", ports[0])
    socket = folder / "redis.sock"
    command = [redis_server(folder), "--port", str(ports[1]), "--unixsocket", str(socket)]
    command += ["--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(socket.exists)
            with Redis.from_url(f"unix://{socket}") as replica:
                wait_for(lambda: _answers(replica))
                replica.replicaof("127.0.0.1", str(ports[0]))
                wait_for(lambda: replica.info("replication").get("master_link_status") == "up")
                yield socket, replica, ports[1]
        finally:
            server.terminate()


def test_a_replica_takes_over(start: Start, measured: Measured) -> None:
    """The old primary becomes a replica and closes no connection: the programs find the new one."""
    service = start()
    sockets = service._socket.parent
    name = sockets / "name"
    name.symlink_to(service._socket)
    service.api.terminate()
    service.api.wait()
    service.env["SCORELANE_REDIS_URL"] = f"unix://{name}"
    service.start_api()
    job = under_way(service)
    with (
        Redis.from_url(f"unix://{service._socket}") as old,
        replica_of(old, sockets / "replica") as (socket, new, port),
    ):
        new.replicaof("NO", "ONE")
        old.replicaof("127.0.0.1", str(port))
        name.unlink()
        name.symlink_to(socket)
        goes_on(service, job)
        service.check(service.submit_rows(100))
        assert len(service.running("worker")) == 1
    measured("0 rows")


def test_a_replica_takes_over_that_lacks_what_was_written_last(
    start: Start, measured: Measured
) -> None:
    """The new primary lacks the last seconds: bulk jobs of that time are kept, and end as they did.

    Small jobs of that time are lost, and said to be.
    """
    service = start(drain_seconds="5")
    sockets = service._socket.parent
    name = sockets / "name"
    name.symlink_to(service._socket)
    service.api.terminate()
    service.api.wait()
    service.env["SCORELANE_REDIS_URL"] = f"unix://{name}"
    service.start_api()
    worker = service.start_worker()
    service.wait_ready()
    long = service.submit_rows(ROWS)
    short = service.submit_rows(2000, first=10**6)
    wait_for(lambda: service.rows_done(long) > 0)
    with (
        Redis.from_url(f"unix://{service._socket}") as old,
        replica_of(old, sockets / "replica") as (socket, new, _),
    ):
        # From now on the replica lacks everything.
        new.replicaof("NO", "ONE")
        done = service.rows_done(long)
        service.check(short)
        # A fast machine may have scored all of it by now.
        wait_for(lambda: service.rows_done(long) >= min(done + 1, ROWS))
        cancelled = service.submit_rows(ROWS, first=2 * 10**6)
        assert service.client.post(f"{cancelled.location}/cancel").status_code == 200
        late = service.submit_rows(5000, first=3 * 10**6)
        small = service.client.post("/jobs", json={"text": ["one text"]}).headers["Location"]
        service.wait_for_end(late.location)
        later = service.submit_rows(5000, first=5 * 10**6)
        name.unlink()
        name.symlink_to(socket)
        service.redis.kill()
        service.redis.wait()
        for job in (long, short, late, later):
            wait_for(lambda job=job: service.status(job.location) == 200, 120)
            service.check(job)
        answer = service.client.get(small)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (410, "job-lost")
        assert service.wait_for_end(cancelled.location)["state"] == "cancelled"
        assert worker.poll() is None
    measured("0 rows")


def test_redis_loads_its_data_for_long(start: Start, measured: Measured) -> None:
    """Meanwhile requests are a 503 and nothing ends; a worker that starts then serves, too."""
    service = start()
    job = under_way(service)
    url = service.env["SCORELANE_REDIS_URL"]
    with Redis.from_url(url) as redis:
        redis.mset({f"other:{number}": "text" for number in range(10_000)})
        redis.bgrewriteaof()
        wait_for(lambda: not redis.info("persistence")["aof_rewrite_in_progress"])
        service.redis.kill()
        service.redis.wait()
        # It takes half a millisecond for each key, and answers after each.
        slowly = ("--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024")
        service.start_redis(*slowly)
        wait_for(lambda: "loading the dataset" in _error(redis))
        service.start_worker()
        assert service.status(job.location) == 503
    goes_on(service, job)
    wait_for(lambda: service.processes() == 2)
    assert len(service.running("worker")) == 2
    measured("0 rows")


def test_redis_takes_no_more_connections(start: Start, measured: Measured) -> None:
    """Other programs hold all of them when ours must connect again: the job waits for that."""
    service = start()
    job = under_way(service)
    url = service.env["SCORELANE_REDIS_URL"]
    with ExitStack() as stack, Redis.from_url(url) as redis:
        most = redis.config_get("maxclients")["maxclients"]
        redis.config_set("maxclients", 10)
        redis.client_kill_filter(_type="normal", skipme=True)
        others = [stack.enter_context(Redis.from_url(url)) for _ in range(10)]
        wait_for(lambda: not all(map(_answers, others)))
        wait_for(lambda: service.status(job.location) == 503)
        assert service.status("/livez") == 200
        redis.config_set("maxclients", most)
    goes_on(service, job)
    assert len(service.running("worker")) == 1
    measured("0 rows")


def _error(client: Any) -> str:
    try:
        client.ping()
    except RedisError as error:
        return str(error)
    return ""


def _answers(client: Any) -> bool:
    return not _error(client)
