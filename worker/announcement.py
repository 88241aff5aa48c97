"""How a worker is named in the fleet, and how its scoring processes announce their models."""

import logging
import os
import socket
import time
from collections.abc import Collection

from redis.exceptions import RedisError

from shared.fleet import Fleet, Served

logger = logging.getLogger(__name__)


def node_name(pid: int) -> str:
    """The name of the worker whose main process has this pid."""
    return f"{socket.gethostname()}-{pid}"


def withdraw_predecessor(fleet: Fleet) -> None:
    """Withdraw what a worker of the same name has announced that was killed.

    In a container that is started again, the main process and its children have the numbers of
    those before: until a heartbeat is missed, those would count as live, with another version
    perhaps. Call it before there are scoring processes.
    """
    try:
        fleet.leave(node_name(os.getpid()))
    except RedisError as error:
        logger.warning("what an earlier worker has announced is not withdrawn (%s)", error)


def announce(
    fleet: Fleet,
    served: list[Served],
    *,
    replaces: bool = False,
    yields: Collection[str] = (),
    pause: float = 1.0,
) -> None:
    """Announce what this process serves; if Redis does not answer, try again every `pause` seconds.

    Redis may be away just when a process has loaded its models. That is no reason to end the
    process, and the whole worker with it.

    Args:
        fleet: gets the announcement.
        served: the models.
        replaces: whether this process replaces one of the same worker.
        yields: the names of the models whose version for new jobs is left to other workers.
        pause: seconds between two attempts.
    """
    while True:
        try:
            fleet.announce(node_name(os.getppid()), served, replaces=replaces, yields=yields)
        except RedisError as error:
            logger.warning("not announced yet: Redis does not answer (%s)", error)
            time.sleep(pause)
        else:
            return
