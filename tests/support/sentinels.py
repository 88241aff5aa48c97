"""A Redis that fails over: a primary, replicas and three sentinels, as real processes."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from support.programs import free_port
from support.waiting import wait_for

from scorelane.stack.redis_server import redis_server

NAME = "mymaster"


class Failover:
    """The servers and the sentinels, on ports of the loopback interface.

    Attributes:
        ports: those of the servers; the first one begins as the primary.
        sentinel_ports: those of the sentinels.
        running: the process at each port.
    """

    def __init__(
        self, folder: Path, program: str, servers: int, down_after: int, options: tuple[str, ...]
    ) -> None:
        self._folder = folder
        self._program = program
        self._options = options
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        self.ports = [free_port() for _ in range(servers)]
        self.sentinel_ports = [free_port() for _ in range(3)]
        for port in self.ports:
            self._write(port, f"port {port}", 'save ""', "repl-diskless-sync-delay 0", *options)
            if port != self.ports[0]:
                self._append(port, f"replicaof 127.0.0.1 {self.ports[0]}")
        for port in self.sentinel_ports:
            self._write(
                port,
                f"port {port}",
                f"sentinel monitor {NAME} 127.0.0.1 {self.ports[0]} 2",
                f"sentinel down-after-milliseconds {NAME} {down_after}",
                f"sentinel failover-timeout {NAME} 3000",
            )

    @property
    def url(self) -> str:
        """The address for the settings."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)
        return f"sentinel://{hosts}/{NAME}"

    def _write(self, port: int, *lines: str) -> None:
        own = self._folder / str(port)
        own.mkdir()
        (own / "redis.conf").write_text("\n".join([*lines, f"dir {own}", ""]))

    def _append(self, port: int, line: str) -> None:
        with (self._folder / str(port) / "redis.conf").open("a") as file:
            file.write(line + "\n")

    def start(self, port: int) -> None:
        """Start a server or a sentinel, with the configuration that it had last."""
        command = [self._program, str(self._folder / str(port) / "redis.conf")]
        command += ["--sentinel"] if port in self.sentinel_ports else []
        with (self._folder / f"{port}.log").open("ab") as log:
            self.running[port] = subprocess.Popen(command, stdout=log, stderr=log)

    def start_all(self) -> None:
        """Start everything, and wait until the sentinels know each other and every replica."""
        for port in self.ports:
            self.start(port)
        wait_for(lambda: self.in_sync() == len(self.ports) - 1)
        for port in self.sentinel_ports:
            self.start(port)
        wait_for(self.is_complete)

    def is_complete(self) -> bool:
        """Whether every sentinel knows the others, and all replicas of the primary."""
        return all(
            state.get("num-other-sentinels") == 2
            and state.get("num-slaves") == len(self.ports) - 1
            and state["ip"] == "127.0.0.1"
            for state in map(self._state, self.sentinel_ports)
        )

    def _state(self, port: int) -> dict[str, Any]:
        with Redis(port=port, decode_responses=True) as sentinel:
            try:
                return dict(sentinel.sentinel_master(NAME))
            except RedisError:
                return {}

    def primary(self) -> int:
        """The port of the primary, as all sentinels that answer see it; 0 if they do not agree."""
        seen = {self._named(port) for port in self.sentinel_ports} - {0}
        return seen.pop() if len(seen) == 1 else 0

    def _named(self, port: int) -> int:
        """The port of the primary, as one sentinel sees it; 0 if it does not answer."""
        with Redis(port=port, decode_responses=True) as sentinel:
            try:
                # Not that of its state, which is the old primary's during a failover.
                found = sentinel.sentinel_get_master_addr_by_name(NAME)
            except RedisError:
                return 0
        return int(found[1])

    def on(self, port: int) -> Any:
        """A new client of a server; the caller closes it."""
        return Redis(port=port, decode_responses=True, socket_timeout=20)

    def in_sync(self) -> int:
        """The number of replicas that are in sync with the primary."""
        return sum(self._is_in_sync(port) for port in self.ports)

    def _is_in_sync(self, port: int) -> bool:
        try:
            with self.on(port) as server:
                return bool(server.info("replication").get("master_link_status") == "up")
        except RedisError:
            return False

    def kill(self, port: int) -> None:
        """Kill a server or a sentinel with `kill -9`."""
        program = self.running.pop(port)
        program.kill()
        program.wait()

    def fails_over(self) -> int:
        """Kill the primary, and wait until the sentinels have another one; its port."""
        old = self.primary()
        self.kill(old)
        return wait_for(lambda: (new := self.primary()) not in (0, old) and new, 60)

    def complete(self) -> None:
        """Start what does not run, and make replicas of the old primaries.

        The sentinels would do that, too, some 15 seconds later.
        """
        for port in (*self.sentinel_ports, *self.ports):
            if port not in self.running:
                self.start(port)
        primary = wait_for(self.primary)
        for port in self.ports:
            wait_for(lambda port=port: self._is_up(port))
            with self.on(port) as server:
                if port != primary and server.role()[1:3] != ["127.0.0.1", primary]:
                    server.replicaof("127.0.0.1", str(primary))
        wait_for(lambda: self.in_sync() == len(self.ports) - 1 and self.is_complete())

    def _is_up(self, port: int) -> bool:
        try:
            with self.on(port) as server:
                return bool(server.ping())
        except RedisError:
            return False

    def stop(self) -> None:
        """End everything that runs."""
        for program in self.running.values():
            program.kill()
            program.wait()


@contextmanager
def failover(
    folder: Path,
    servers: int = 3,
    program: str | None = None,
    down_after: int = 500,
    options: tuple[str, ...] = (),
) -> Iterator[Failover]:
    """Run a Redis that fails over, for a block.

    Args:
        folder: an empty folder for its files.
        servers: how many servers there are, with the primary.
        program: the server; None: the newest that is installed.
        down_after: after so many milliseconds without an answer a sentinel takes a server for dead.
        options: lines of the configuration of each server.
    """
    found = Failover(folder, program or redis_server(folder), servers, down_after, options)
    try:
        found.start_all()
        yield found
    finally:
        found.stop()
