"""Runs the whole service on one machine: `python -m scorelane.stack.supervisor`, for `Stack`.

It runs until its stdin is closed. It reports events on stdout, one JSON object per line:
`{"waiting": step}`, `{"ready": {...}}` and `{"failed": reason}`.
"""

import errno
import fcntl
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from scorelane.client.client import Client
from scorelane.client.errors import ClientError
from scorelane.client.retries import Retries
from scorelane.stack import programs
from scorelane.stack.errors import AddressInUse, BadAddress, DataInUse
from scorelane.stack.folder import Addresses, write_addresses
from scorelane.stack.guard import Guard
from scorelane.stack.programs import Service
from shared.config.settings import Settings, load_settings
from shared.config.startup import check_secrets
from shared.errors.base import ScorelaneError
from shared.model import read_cards
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink

#: Seconds for Redis to read its data, and for the worker to load its models. Importing TensorFlow
#: takes half a minute on a slow machine.
START_SECONDS = 120.0

#: Seconds between two checks of the services.
CHECK_SECONDS = 0.1

#: The longest path for a Unix socket; the limit is 107 bytes on Linux and 103 on macOS.
SOCKET_PATH_BYTES = 100


@dataclass(frozen=True)
class Plan:
    """What to run: the options of `Stack`."""

    data: str | None
    host: str
    port: int
    processes: int | None
    models: str | None


class ParentGone(Exception):
    """The process that started the supervisor has closed its stdin, or has died."""


def main() -> None:
    """Run the plan in the first argument, which is JSON; exit with 1 if the services failed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    status = 0
    try:
        run(Plan(**json.loads(sys.argv[1])))
    except ParentGone:
        pass
    except (ScorelaneError, OSError) as error:
        status = report(failed=str(error))
    sys.exit(status)


def run(plan: Plan) -> None:
    """Run the services until the parent closes the pipe.

    Raises:
        ParentGone: the parent has closed the pipe; this is the regular end.
        shared.errors.base.ScorelaneError: a service cannot be started, or has ended.
    """
    settings = load_settings()
    check_secrets(settings)
    models_dir = Path(plan.models) if plan.models else settings.models_dir.resolve()
    models = [card.full_name for card in read_cards(models_dir, settings.serve).values()]
    with listening(plan.host, plan.port) as listener, guarded(plan) as (data, run_folder, guard):
        port = listener.getsockname()[1]
        socket_path = run_folder / "redis.sock"
        settings = settings.model_copy(
            update={
                "redis_url": f"unix://{socket_path}",
                "blobs_dir": data / "blobs",
                "models_dir": models_dir,
                "processes": plan.processes or settings.processes,
            }
        )
        start: dict[str, Any] = {"data": data, "env": environment(settings), "guard": guard}
        running: list[Service] = []

        def watch() -> None:
            is_over = select.select([sys.stdin], [], [], CHECK_SECONDS)[0] or not guard.alive()
            # Checked also at the end: the parent may have left because a service had ended.
            for service in running:
                service.check()
            if is_over:
                raise ParentGone

        address = (reachable(plan.host), port)
        write_addresses(data, Addresses(settings.redis_url, url_of(address)))
        report(waiting="Redis starts")
        running.append(Service(programs.redis(data, socket_path), **start))
        wait_for(running[-1], lambda: redis_answers(settings), watch)
        report(waiting=f"the worker loads its models: {', '.join(models)}")
        running.append(Service(programs.worker(), **start))
        api = programs.api(listener.fileno())
        running.append(Service(api, pass_fds=(listener.fileno(),), **start))
        # If it stayed open here, clients of a dead API would wait instead of being refused.
        listener.close()
        wait_for(running[1], lambda: api_is_ready(address), watch)
        report(ready={"url": url_of(address), "models": models, "data": str(data)})
        while True:
            watch()


@contextmanager
def guarded(plan: Plan) -> Iterator[tuple[Path, Path, Guard]]:
    """Yield the locked data folder, a temporary folder for the socket, and the guard.

    When the block ends, the guard stops everything and removes the temporary folder.
    """
    data = Path(plan.data).resolve() if plan.data else None
    lock = None if data is None else lock_of(data)
    guard = Guard(holding=[] if lock is None else [lock])
    try:
        run_folder = Path(tempfile.mkdtemp(prefix="scorelane-"))
        guard.remove(run_folder)
        data = data or run_folder / "data"
        for folder in ("redis", "blobs", "logs"):
            (data / folder).mkdir(parents=True, exist_ok=True)
        if len(os.fsencode(run_folder)) > SOCKET_PATH_BYTES - len("/redis.sock"):
            run_folder = Path(tempfile.mkdtemp(prefix="scorelane-", dir="/tmp"))
            guard.remove(run_folder)
        yield data, run_folder, guard
    finally:
        # Signals are ignored now, because everything must have ended before the supervisor ends.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        guard.release()


def lock_of(data: Path) -> int:
    """Lock a data folder, which is made if necessary.

    Returns:
        The file descriptor of the lock. The kernel releases the lock when the last process that
        holds the descriptor has ended.

    Raises:
        scorelane.stack.errors.DataInUse: another process holds the lock.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(data / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataInUse(data=data) from error
    return lock


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Clients that connect before the API has started wait for it.

    Raises:
        scorelane.stack.errors.AddressInUse: another program uses the port.
        scorelane.stack.errors.BadAddress: it cannot listen there for another reason.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server((address[0], port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise AddressInUse(host=host, port=port) from error
        reason = getattr(error, "strerror", None) or error
        raise BadAddress(host=host, port=port, reason=reason) from error


def environment(settings: Settings) -> dict[str, str]:
    """The environment variables of the services."""
    env = {
        # There is one process per core, and more threads would only compete for the cores.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # Their logs are files for people to read.
        "SCORELANE_LOG_FORMAT": "text",
        **os.environ,
        # Unbuffered, so that the last lines are in the log even if the service is killed.
        "PYTHONUNBUFFERED": "1",
        # There is one API process group and no load balancer, so it need not drain before stopping.
        "SCORELANE_DRAIN_SECONDS": "0",
        "SCORELANE_REDIS_URL": settings.redis_url,
        "SCORELANE_BLOBS_DIR": str(settings.blobs_dir),
        "SCORELANE_MODELS_DIR": str(settings.models_dir),
        "SCORELANE_PROCESSES": str(settings.processes),
    }
    # Without bytecode files each start would compile TensorFlow again: 25 s instead of 8.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def wait_for(service: Service, ready: Any, watch: Any) -> None:
    """Call `watch` until `ready` returns true.

    Raises:
        scorelane.stack.errors.NotReadyInTime: the service was not ready in `START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        watch()
        if time.monotonic() > deadline:
            raise service.not_ready(START_SECONDS)


def redis_answers(settings: Settings) -> bool:
    """Whether Redis has read its data.

    If so, workers of an earlier run are removed from it.
    """
    link = RedisLink(settings)
    try:
        # With them the service would count as ready before the new worker is.
        RedisFleet(link, settings).forget()
    except RedisError:
        return False
    finally:
        link.close()
    return True


def api_is_ready(address: tuple[str, int]) -> bool:
    """Whether the API answers that a worker serves a model."""
    try:
        with Client(url_of(address), timeout=5.0, retries=Retries(seconds=0)) as client:
            client.ready()
    except ClientError:
        return False
    return True


def reachable(host: str) -> str:
    """The address at which this machine can reach a service that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound


def url_of(address: tuple[str, int]) -> str:
    """The URL of an address."""
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def report(**event: Any) -> int:
    """Report an event to the parent; returns 1, the exit status of a failure."""
    with suppress(BrokenPipeError):
        print(json.dumps(event), flush=True)
    return 1


def _leave(*_: object) -> None:
    raise ParentGone


if __name__ == "__main__":
    main()
