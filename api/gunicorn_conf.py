"""How gunicorn serves the API; any option may be overridden on its command line."""

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

# Before a process is forked: all of them count into the memory that it holds.
import api.process.measures  # noqa: F401
from api.process.draining import draining
from api.process.memory import share_memory
from api.security.keys import Keys, check_published
from shared.config.settings import Settings
from shared.config.startup import check_file, end, settings_or_exit
from shared.errors.base import ScorelaneError
from shared.telemetry import logs


def _check_keys(settings: Settings) -> None:
    check_file(settings, "api_keys_file")
    Keys(settings)


#: Seen to here, before anything listens: a process that gunicorn forks would end with a traceback.
_settings = settings_or_exit("api", _check_keys)

# Here too: the processes are forked with it.
share_memory()

#: The article's address.
bind = "0.0.0.0:5005"

#: The API moves bytes and waits for Redis, which threads do in little memory. Two processes, as
#: Python's lock holds one to one core: a third more small requests a second on two cores.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 32

#: A thread that waits for the next request of a kept connection costs nothing.
keepalive = 30

#: Uploads and downloads that are under way at a stop are let finish.
graceful_timeout = 25

#: Nobody steers gunicorn from outside, and the socket would lie in the home folder.
control_socket_disable = True

#: The heartbeat file: on a disk, a busy one gets the worker killed (and the root is read-only).
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  gunicorn's advice


class Logger(GunicornLogger):  # type: ignore[misc]  # it ships no types
    """Logs as everything else does; where gunicorn is told of a file or a format, as it is told."""

    def setup(self, cfg: Any) -> None:
        """Set up the log of a process."""
        super().setup(cfg)
        if cfg.errorlog == "-" and not (cfg.logconfig or cfg.logconfig_dict):
            logs.set_up(_settings)
            self.error_log.handlers.clear()
            self.error_log.propagate = True


logger_class = Logger


def when_ready(server: Any) -> None:
    """See that the API may listen where it does; and have a SIGTERM heard in two steps."""
    try:
        check_published(_settings, [listener.sock.getsockname() for listener in server.LISTENERS])
    except ScorelaneError as error:
        end("api", str(error))
    logs.warn_of_variables()
    _drain_first(_settings.drain_seconds)


def _drain_first(seconds: float) -> None:
    """Have a SIGTERM heard in two steps: `/readyz` says it first, and the replica stops later.

    A connection that comes while a server closes its socket is lost, with the request that it
    brings. So whoever hands out the requests must have turned to another replica by then. Also
    where no time is wanted for that: streams of events end by it, and a stop waits for none.
    """
    stop: Any = signal.getsignal(signal.SIGTERM)

    def drain(number: int, frame: FrameType | None) -> None:
        draining.set()
        if seconds:
            signal.setitimer(signal.ITIMER_REAL, seconds)
        else:
            stop(number, frame)

    signal.signal(signal.SIGTERM, drain)
    signal.signal(signal.SIGALRM, lambda _, frame: stop(signal.SIGTERM, frame))
