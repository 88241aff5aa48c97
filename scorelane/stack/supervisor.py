"""Runs the whole service on one machine: `python -m scorelane.stack.supervisor`, for `Stack`.

It runs until its stdin is closed. It reports events on stdout, one JSON object per line:
`{"waiting": step}`, `{"ready": {...}}`, `{"restarted": sentence}` and `{"failed": reason}`.
"""

import fcntl
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from api.security.keys import check_published
from scorelane.stack import programs
from scorelane.stack.environment import environment, with_absolute_paths
from scorelane.stack.errors import DataInUse
from scorelane.stack.folder import Addresses, close_to_others, write_addresses
from scorelane.stack.guard import Guard
from scorelane.stack.listener import listening, reachable, url_of
from scorelane.stack.probes import failed_models, probe, redis_answers
from scorelane.stack.programs import Service
from scorelane.stack.restarts import Restarts
from scorelane.stack.start import Start, leaves_anything
from scorelane.stack.wanted_models import to_serve
from shared.config.settings import Settings, load_settings
from shared.config.startup import check_blobs, check_file, check_secrets
from shared.errors.base import ScorelaneError
from shared.errors.system import sentence_of
from shared.load_time import load_seconds
from worker.models.finding import find_models_once

#: Seconds between two checks of the services.
CHECK_SECONDS = 0.1

#: The longest path for a Unix socket; the limit is 107 bytes on Linux and 103 on macOS.
SOCKET_PATH_BYTES = 100

Ready = TypeVar("Ready")


@dataclass(frozen=True)
class Plan:
    """What to run: the options of `Stack`."""

    data: str | None
    host: str
    port: int
    processes: int | None
    models: str | None
    wanted: list[str] | None = None


class ParentGone(Exception):
    """The process that started the supervisor has closed its stdin, or has died."""


def main() -> None:
    """Run the plan in the first argument, which is JSON; exit with 1 if the services failed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    # Nobody else may read what the programs write.
    os.umask(0o077)
    status = 0
    try:
        run(Plan(**json.loads(sys.argv[1])))
    except ParentGone:
        pass
    except ScorelaneError as error:
        status = report(failed=str(error))
    except OSError as error:
        status = report(failed=sentence_of(error))
    sys.exit(status)


def run(plan: Plan) -> None:
    """Run the services until the parent closes the pipe.

    Raises:
        ParentGone: the parent has closed the pipe; this is the regular end.
        shared.errors.base.ScorelaneError: a service cannot be started, or has ended.
    """
    settings = with_absolute_paths(load_settings())
    check_secrets(settings)
    check_blobs(settings)
    check_file(settings, "api_keys_file")
    with listening(plan.host, plan.port) as listener:
        # Before the models are loaded, which takes long.
        check_published(settings, [listener.getsockname()])
        if plan.models:
            folder = {"models": "", "models_dir": Path(plan.models)}
            settings = settings.model_copy(update=folder)
        if not settings.models:
            serve_only = to_serve(settings, settings.models_dir, plan.wanted)
            settings = settings.model_copy(update={"serve": serve_only})
        # One that is bad is named by the worker's log, `/models` and `doctor`.
        cards = find_models_once(settings).cards
        with guarded(plan) as (data, run_folder, guard):
            socket_path = run_folder / "redis.sock"
            settings = settings.model_copy(
                update={
                    "redis_url": f"unix://{socket_path}",
                    "blobs_dir": data / "blobs",
                    "processes": plan.processes or settings.processes,
                }
            )
            # What a program that is killed leaves there is removed with the folder.
            env = {**environment(settings), "TMPDIR": str(run_folder)}
            if plan.wanted is not None:
                # One client asks it: a second process of the API would only take longer to start.
                env.setdefault("WEB_CONCURRENCY", "1")
            processes = settings.processes or os.cpu_count() or 1
            start = Start(
                data,
                env,
                guard,
                load_seconds(cards, processes),
                is_new=plan.data is None,
                may_kill=plan.data is None and not leaves_anything(settings),
                for_one_job=plan.wanted is not None,
            )
            address = (reachable(plan.host), listener.getsockname()[1])
            models = [card.full_name for card in cards.values()]
            serve(start, settings, listener, address, models)


def serve(
    start: Start,
    settings: Settings,
    listener: socket.socket,
    address: tuple[str, int],
    models: list[str],
) -> None:
    """Start the programs, and keep them running until the parent closes the pipe.

    Args:
        start: what they are started with.
        settings: of the programs.
        listener: the socket of the API. It stays open here, so that clients of an API that is
            started again wait for it instead of being refused.
        address: of the API.
        models: the full names of the models that the worker is to load, for messages.

    Raises:
        ParentGone: the parent has closed the pipe.
        scorelane.stack.errors.StackError: a program does not start, or ends again and again.
    """
    running: list[Service] = []

    def is_over() -> bool:
        closed = bool(select.select([sys.stdin], [], [], CHECK_SECONDS)[0])
        return closed or not start.guard.alive()

    def watch() -> None:
        is_last = is_over()
        # Checked also at the end: the parent may have left because a service had ended.
        for service in running:
            service.check()
        if is_last:
            raise ParentGone

    write_addresses(start.data, Addresses(settings.redis_url, url_of(address)))
    report(waiting="Redis starts")
    socket_path = Path(urlsplit(settings.redis_url).path)
    redis = programs.redis(start.data, socket_path, settings.max_redis_bytes)
    running.append(start.service(redis))
    if not start.is_new:
        wait_for(running[-1], lambda: redis_answers(settings), watch, start.seconds)
    report(waiting=f"the worker loads its models: {', '.join(models)}")
    running.append(start.service(programs.worker()))
    fd = listener.fileno()
    running.append(start.service(programs.api(fd), pass_fds=(fd,)))
    with probe(address) as ready:
        served = wait_for(running[1], ready, watch, start.seconds)
    for service in running:
        service.works()
    failed = {} if start.for_one_job else failed_models(settings)
    about = {"models": served, "failed": failed, "data": str(start.data)}
    report(ready={"url": url_of(address), **about})
    keep_running(running, settings, start.seconds, is_over)
    raise ParentGone


def keep_running(
    running: list[Service], settings: Settings, seconds: float, is_over: Callable[[], bool]
) -> None:
    """Start programs again that have ended, until `is_over` returns true.

    Raises:
        scorelane.stack.errors.ServiceEnded: one has ended too often; see `Service.revive`.
    """
    restarts = {service.name: Restarts(seconds) for service in running}
    while not is_over():
        for service in running:
            if how := service.revive(restarts[service.name]):
                if service.name == programs.WORKER:
                    # Its processes are dead, and would count as live for some seconds.
                    redis_answers(settings)
                report(restarted=f"{service.name} has ended ({how}), and was started again.")


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
            # They hold texts.
            (data / folder).chmod(0o700)
        close_to_others(data)
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


def wait_for(
    service: Service, ready: Callable[[], Ready], watch: Callable[[], None], seconds: float
) -> Ready:
    """Call `watch` until `ready` returns something that is true, which is returned.

    Raises:
        scorelane.stack.errors.NotReadyInTime: the service was not ready in `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        watch()
        if time.monotonic() > deadline:
            raise service.not_ready(seconds)
    return found


def report(**event: Any) -> int:
    """Report an event to the parent; returns 1, the exit status of a failure."""
    with suppress(BrokenPipeError):
        print(json.dumps(event), flush=True)
    return 1


def _leave(*_: object) -> None:
    raise ParentGone


if __name__ == "__main__":
    main()
