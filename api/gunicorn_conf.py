"""The configuration of gunicorn; options on its command line override it."""

import gc
import os
import signal
from pathlib import Path
from types import FrameType
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

# The app, imported before gunicorn forks: the processes then share the memory of its code, and the
# memory in which all of them count.
import api.app  # noqa: F401
from api.process.draining import draining
from api.process.memory import share_memory
from api.process.raw_problems import MAX_REQUEST_LINE
from api.security.keys import Keys, check_published
from shared.config.settings import Settings
from shared.config.startup import check_file, end, settings_or_exit
from shared.errors.base import ScorelaneError
from shared.places.allowed import check_places
from shared.redis.monitor import log_errors
from shared.telemetry import logs


def _check_keys(settings: Settings) -> None:
    check_file(settings, "api_keys_file")
    Keys(settings)


# Checked here, before anything listens and forks: a faulty setting then ends in one line. In a
# forked process it would end in a traceback.
_settings = settings_or_exit("api", _check_keys, check_places)

# Also before gunicorn forks: the processes inherit this.
share_memory()
# A collection writes into every object that it looks at, and so copies the memory of the code.
gc.freeze()

#: The address that the article uses.
bind = "0.0.0.0:5005"

#: gunicorn would take SCRIPT_NAME and PATH_INFO from the headers of anybody on the loopback, and so
#: let them choose another path than the one that is checked and logged. No proxy needs that here:
#: the API does not depend on where it is mounted.
forwarder_headers = ""

#: The API mostly moves bytes and waits for Redis: threads do that in little memory. Two processes,
#: because Python's lock limits each to one core: on two cores the second process serves a third
#: more small requests per second.
worker_class = "api.event_loop.question_worker.QuestionWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 40

#: Connections of a process. With the files of the app they stay below 1,024, a usual limit.
worker_connections = 800

#: The longest request line: the options of a job may name many columns and labels.
limit_request_line = MAX_REQUEST_LINE

#: Files are sent by the same paced writes as everything else.
sendfile = False

#: Seconds for which an idle connection stays open. It occupies no thread.
keepalive = 30

#: Seconds that uploads and downloads get to finish when gunicorn stops.
graceful_timeout = 25

#: Nothing controls gunicorn at run time, and the socket would be created in the home folder.
control_socket_disable = True

#: The folder of the heartbeat file. On a disk that is busy gunicorn would kill the worker, and in
#: the image the root is read-only.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  gunicorn's advice


class Logger(GunicornLogger):  # type: ignore[misc]  # it ships no types
    """Logs in Scorelane's format, unless gunicorn's own options name a file or a format."""

    def setup(self, cfg: Any) -> None:
        """Set up the log of a process."""
        super().setup(cfg)
        if cfg.errorlog == "-" and not (cfg.logconfig or cfg.logconfig_dict):
            logs.set_up(_settings)
            log_errors(_settings, "api")
            self.error_log.handlers.clear()
            self.error_log.propagate = True


logger_class = Logger


def when_ready(server: Any) -> None:
    """Check that the API may listen on its addresses, and install the two-step stop."""
    try:
        check_published(_settings, [listener.sock.getsockname() for listener in server.LISTENERS])
    except ScorelaneError as error:
        end("api", str(error))
    logs.warn_of_variables()
    _drain_before_stop(_settings.drain_seconds)


def _drain_before_stop(seconds: float) -> None:
    """Make SIGTERM stop the replica in two steps: `/readyz` fails at once, the stop comes later.

    A connection that arrives while a server closes its socket is lost, with its request. So the
    load balancer must have chosen another replica by then. With `seconds` 0 the flag is still set:
    streams of events end by it, so that the stop need not wait for them.

    Args:
        seconds: from the signal to the stop.
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
