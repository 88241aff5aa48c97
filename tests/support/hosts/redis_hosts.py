"""A Redis on three hosts that fails over: on each a server and a sentinel."""

from pathlib import Path
from typing import Any

from redis import Redis, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from support.hosts.network import Host
from support.waiting import wait_for

from scorelane.stack.redis_server import redis_server

PORT, SENTINEL_PORT = 6379, 26379

NAME = "mymaster"

#: After so many milliseconds without an answer the sentinels take a server for dead.
DOWN_AFTER = 3000

_SERVER = (
    f"port {PORT}",
    "bind 0.0.0.0",
    "protected-mode no",
    "appendonly yes",
    'save ""',
    "repl-diskless-sync-delay 0",
    # A primary that is cut off refuses writes after a while, as docs/how-to/use-redis-sentinel.md
    # advises: what it accepted would be lost when it is a replica again.
    "min-replicas-to-write 1",
    "min-replicas-max-lag 5",
)


class RedisHosts:
    """The servers and the sentinels; the first host begins as the primary."""

    def __init__(self, hosts: list[Host], folder: Path) -> None:
        """Take the hosts; `folder` is noted as that of the newest server that is installed."""
        self.hosts, self._program = hosts, redis_server(folder)
        # By default redis-py asks one that is gone for minutes.
        once = {"socket_timeout": 1.0, "retry": Retry(NoBackoff(), 0)}
        addresses = [(host.address, SENTINEL_PORT) for host in hosts]
        self._sentinels = Sentinel(addresses, sentinel_kwargs=once)

    @property
    def url(self) -> str:
        """The address for the settings."""
        sentinels = ",".join(f"{host.address}:{SENTINEL_PORT}" for host in self.hosts)
        return f"sentinel://{sentinels}/{NAME}"

    def start(self, env: dict[str, str]) -> None:
        """Start everything, and wait until the replicas are in sync and all sentinels agree."""
        first = self.hosts[0]
        for host in self.hosts:
            follows = () if host is first else (f"replicaof {first.address} {PORT}",)
            self._start(host, "redis", env, *_SERVER, *follows)
        wait_for(lambda: self._replicas() == len(self.hosts) - 1)
        for host in self.hosts:
            self._start(
                host,
                "sentinel",
                env,
                f"port {SENTINEL_PORT}",
                "bind 0.0.0.0",
                "protected-mode no",
                f"sentinel monitor {NAME} {first.address} {PORT} 2",
                f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER}",
                f"sentinel failover-timeout {NAME} 10000",
            )
        wait_for(self._agree)

    def _start(self, host: Host, kind: str, env: dict[str, str], *lines: str) -> None:
        name = f"{kind}.conf"
        host.write(name, "\n".join([*lines, f"dir {host.folder}", ""]))
        options = ("--sentinel",) if kind == "sentinel" else ()
        host.start(kind, self._program, str(host.folder / name), *options, env=env)

    def _replicas(self) -> int:
        with self._on(self.hosts[0]) as server:
            try:
                return sum(
                    str(server.info("replication").get(f"slave{number}", "")).count("online")
                    for number in range(len(self.hosts) - 1)
                )
            except RedisError:
                return 0

    def _agree(self) -> bool:
        for host in self.hosts:
            with Redis(host.address, SENTINEL_PORT, decode_responses=True) as sentinel:
                try:
                    state = sentinel.sentinel_master(NAME)
                except RedisError:
                    return False
            others = len(self.hosts) - 1
            if (state["num-other-sentinels"], state["num-slaves"]) != (others, others):
                return False
        return True

    def _on(self, host: Host) -> Any:
        return Redis(host.address, PORT, socket_timeout=2.0)

    def primary(self) -> Host:
        """The host of the primary, as the sentinels have it."""

        def named() -> str:
            try:
                return str(self._sentinels.discover_master(NAME)[0])
            except RedisError:
                return ""

        address = wait_for(named)
        return next(host for host in self.hosts if host.address == address)

    def client(self) -> Any:
        """A new client of the primary; the caller closes it."""
        return Redis(self.primary().address, PORT, socket_timeout=2.0, decode_responses=True)
