"""Finds the primary of a Redis that fails over, by its sentinels."""

import logging
import time
from threading import Thread
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import NoPermissionError, RedisError
from redis.retry import Retry

#: How long a sentinel may take to answer, in seconds.
SENTINEL_SECONDS = 1.0

#: The sentinels are asked again, while connections are in use, after this many seconds.
LOOK_SECONDS = 3.0

#: After this time a command waits for the answer: another primary may have been chosen meanwhile.
IDLE_SECONDS = 10.0

logger = logging.getLogger(__name__)

Address = tuple[str, int]


class _Answer(NamedTuple):
    """What a sentinel says of the primary.

    Attributes:
        epoch: the number of the failover that made it the primary.
        address: its address.
        is_down: whether the sentinels agree that it does not answer.
    """

    epoch: int
    address: Address
    is_down: bool


def _ask(sentinel: Any, name: str) -> _Answer:
    state = sentinel.sentinel_master(name)
    # During a failover the state is that of the old primary, already with the new epoch.
    host, port = sentinel.sentinel_get_master_addr_by_name(name)
    is_old = (str(state["ip"]), int(state["port"])) == (host, port)
    return _Answer(int(state["config-epoch"]), (host, port), is_old and bool(state["is_odown"]))


class Sentinels:
    """The sentinels of one Redis, as one process asks them.

    Most of them must answer, and of their answers the one with the highest configuration epoch
    counts. A failover needs the votes of most sentinels. So a process that a partition has left
    alone with an old primary finds no primary at all, rather than that one.
    """

    def __init__(self, addresses: tuple[Address, ...], name: str, **options: Any) -> None:
        """Take the sentinels, the name of the Redis, and options of the connections to them."""
        self._name = name
        options = {
            "socket_timeout": SENTINEL_SECONDS,
            "socket_connect_timeout": SENTINEL_SECONDS,
            # A connection that has been closed meanwhile is opened again at once.
            "retry": Retry(NoBackoff(), 1),
            "decode_responses": True,
            **options,
        }
        self._sentinels = [
            redis.Redis.from_pool(redis.ConnectionPool(host=host, port=port, **options))
            for host, port in addresses
        ]
        self._known: Address | None = None
        self._looked = 0.0

    def primary(self) -> Address:
        """Ask for the address of the primary.

        Raises:
            redis.exceptions.ConnectionError: too few sentinels answer, or the primary is down and
                they have not chosen another one yet.
        """
        answers: list[_Answer] = []
        silent, reasons = [], []
        self._looked = time.monotonic()
        for sentinel in self._sentinels:
            try:
                answers.append(_ask(sentinel, self._name))
            except (RedisError, OSError) as error:
                silent.append(sentinel)
                reasons.append(str(error))
            if 2 * len(answers) > len(self._sentinels):
                break
        # Another time these are asked last: a host that is gone costs a second each time.
        self._sentinels.sort(key=silent.__contains__)
        if 2 * len(answers) <= len(self._sentinels):
            asked = f"{len(answers)} of {len(self._sentinels)} sentinels answer"
            reason = f"only {asked} for {self._name!r} ({'; '.join(reasons)})"
            raise NoConnection(reason)
        newest = max(answers, key=lambda answer: answer.epoch)
        if newest.is_down:
            raise NoConnection(f"the primary of {self._name!r} is down, and no other is chosen yet")
        self._known = newest.address
        return self._known

    def is_primary(self, address: Address) -> bool:
        """Whether an address was that of the primary when the sentinels were asked last.

        A thread asks them again every `LOOK_SECONDS`, as long as this is called.
        """
        age = time.monotonic() - self._looked
        if age > IDLE_SECONDS:
            self._look()
        elif age > LOOK_SECONDS:
            # Before the thread has: the calls until then must not start more of them.
            self._looked = time.monotonic()
            Thread(target=self._look, daemon=True).start()
        return self._known in (None, address)

    def _look(self) -> None:
        try:
            self.primary()
        except RedisError as error:
            # No reason to close connections: they serve until another primary is known.
            logger.debug("the sentinels cannot say which Redis is the primary: %s", error)


class ToPrimary:
    """A connection of redis-py to the primary; a base class before one of redis-py's."""

    host: str
    port: int
    _sock: Any

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        """Take the sentinels, and the options of the connection."""
        self._sentinels = sentinels
        super().__init__(**options)

    def _connect(self) -> Any:
        self.host, self.port = self._sentinels.primary()
        return super()._connect()  # type: ignore[misc]  # of redis-py's connection

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in, and make sure that this is a primary."""
        super().on_connect_check_health(check_health)  # type: ignore[misc]
        connection: Any = self
        connection.send_command("ROLE", check_health=False)
        try:
            role = connection.read_response()[0]
        except NoPermissionError:
            # A replica then refuses the first write.
            return
        if role not in ("master", b"master"):
            raise NoConnection(f"Redis at {self.host}:{self.port} is not the primary any more")

    def check_health(self) -> None:
        """Close this connection, if it does not lead to the primary any more.

        Raises:
            redis.exceptions.ConnectionError: it has just been closed.
        """
        connection: Any = self
        if self._sock and not self._sentinels.is_primary((self.host, self.port)):
            connection.disconnect()
            raise NoConnection(f"Redis at {self.host}:{self.port} is not the primary any more")
        super().check_health()  # type: ignore[misc]
