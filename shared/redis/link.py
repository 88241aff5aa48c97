"""The connection to Redis: its clients, its clock, and the scripts in `lua/`."""

import hashlib
import time
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ReadOnlyError, ResponseError
from redis.retry import Retry
from typing_extensions import override

from shared.config.settings import Settings
from shared.no_waiting import check_may_wait
from shared.redis.refusals import MEMORY_FULL, refusal
from shared.redis_address import RedisAddress

#: How long one command may block; a caller that waits longer repeats the command. A Redis that died
#: without closing its connections is noticed after this time.
PATIENCE_SECONDS = 5.0

#: How long the measured difference to Redis's clock is used, in seconds.
CLOCK_SECONDS = 10.0

#: How long a replica may take to confirm what was written, in seconds.
COPY_SECONDS = 0.1

_LUA = Path(__file__).parent / "lua"

#: Scripts that need more functions than those of the prelude, and the files that have these.
LIBRARIES = {
    "add_parts": ("usage", "watched", "turns"),
    "complete_part": ("usage", "watched", "labels", "comparisons", "summaries", "turns"),
    "create_bulk": ("usage", "turns"),
    **dict.fromkeys(("hand_out", "overdue"), ("turns",)),
    **dict.fromkeys(("change_aliases", "read_aliases", "restore_aliases"), ("aliases",)),
    **dict.fromkeys(("answer_small", "move"), ("usage", "watched")),
    "remove_job": ("usage",),
    **dict.fromkeys(("ask", "create_small", "withdraw"), ("usage", "waiting")),
    **dict.fromkeys(
        ("pop_small", "return_small", "take_small", "waiting_small", "workloads"), ("waiting",)
    ),
}


class RedisLink:
    """One Redis, as one process uses it. It connects at the first call.

    A call that fails raises `redis.RedisError` within seconds. The clients are typed `Any`, because
    redis-py types every answer as bytes or str, awaitable or not.
    """

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.key_prefix
        self._address = RedisAddress.of(settings)
        #: How long a command that answers at once may take, in seconds.
        self.timeout = settings.redis_timeout
        self._scripts: dict[str, Any] = {}
        self._ahead, self._asked = 0.0, -CLOCK_SECONDS
        self._replicas, self._counted = False, -CLOCK_SECONDS

    @cached_property
    def client(self) -> Any:
        """The client for commands that answer at once."""
        return self._connect(self.timeout)

    @cached_property
    def patient(self) -> Any:
        """The client for commands that block up to `PATIENCE_SECONDS`."""
        # The socket timeout of the other client would cut off a blocking pop.
        return self._connect(PATIENCE_SECONDS + self.timeout)

    def _connect(self, timeout: float) -> Any:
        options = {
            "decode_responses": True,
            # Bytes of a damaged text must not keep a worker from the texts next to it. With the
            # escapes for them a name can be sent back.
            "encoding_errors": "backslashreplace",
            "socket_timeout": timeout,
            "socket_connect_timeout": self.timeout,
            # By default redis-py retries for half a minute. One fresh connection is enough after a
            # restart of Redis.
            "retry": Retry(NoBackoff(), 1),
            "health_check_interval": 30,
            **self._address.options(),
        }
        return redis.Redis.from_pool(_Pool(**options))

    def dedicated(self) -> Any:
        """Make a connection of redis-py for the caller alone, and connect it."""
        pool = self.client.connection_pool
        connection = pool.connection_class(**pool.connection_kwargs)
        connection.connect()
        return connection

    def now(self) -> float:
        """Seconds since the epoch by Redis's clock; the clocks of the hosts may differ."""
        # Measured against the monotonic clock: the time of a host may jump.
        monotonic = time.monotonic()
        if monotonic - self._asked >= CLOCK_SECONDS:
            seconds, micros = self.client.time()
            self._ahead, self._asked = seconds + micros / 1e6 - monotonic, monotonic
        return self._ahead + monotonic

    def close(self) -> None:
        """Close every connection."""
        self.client.close()
        self.patient.close()

    def key(self, *parts: str) -> str:
        """The name of a key: the prefix, and these parts joined by colons."""
        return self.prefix + ":".join(parts)

    def run(self, script: str, *args: Any, pipe: Any = None) -> Any:
        """Run a script of `lua/`.

        Args:
            script: the name of its file, without `.lua`.
            args: its arguments, from `ARGV[2]` on.
            pipe: a pipeline to queue the script in; None: run it now.
        """
        if pipe is not None:
            if script not in self._scripts:
                self._scripts[script] = self.client.register_script(source_of(script))
            return self._scripts[script](args=[self.prefix, *args], client=pipe)
        call = (0, self.prefix, *args)
        try:
            return self.client.execute_command("EVALSHA", hash_of(script), *call)
        except NoScriptError:
            # Not `SCRIPT LOAD` and then `EVALSHA`: after a failover the two connections that these
            # take may lead to two servers.
            return self.client.execute_command("EVAL", source_of(script), *call)

    def run_kept(self, script: str, *args: Any) -> Any:
        """Run a script, and wait for a moment until a replica has what it has written.

        So a failover does not lose it. Without replicas, and if none confirms in `COPY_SECONDS`,
        it is the same as `run`.
        """
        if not self._has_replicas():
            return self.run(script, *args)
        answer: Any = None
        for call in (("EVALSHA", hash_of(script)), ("EVAL", source_of(script))):
            # In one trip, on one connection: WAIT is about what this connection has written.
            pipe = self.client.pipeline(transaction=False)
            pipe.execute_command(*call, 0, self.prefix, *args)
            pipe.execute_command("WAIT", 1, round(COPY_SECONDS * 1000))
            answer, _ = pipe.execute(raise_on_error=False)
            if not isinstance(answer, NoScriptError):
                break
        if isinstance(answer, ReadOnlyError):
            # It was refused by an old primary: again, on a new connection.
            return self.run(script, *args)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def may_have_replicas(self) -> bool:
        """Whether Redis has replicas, as far as is known without asking: True if it is not known.

        `refresh_replicas` keeps it known.
        """
        is_known = time.monotonic() - self._counted < 2 * CLOCK_SECONDS
        return self._replicas or not is_known

    def refresh_replicas(self) -> None:
        """Find out whether Redis has replicas, if that was not done for `CLOCK_SECONDS`."""
        self._has_replicas()

    def _has_replicas(self) -> bool:
        """Whether Redis has replicas, as of the last `CLOCK_SECONDS`."""
        now = time.monotonic()
        if now - self._counted >= CLOCK_SECONDS:
            try:
                role = self.client.role()
            except ResponseError:
                # Its user may not ask.
                role = []
            self._replicas, self._counted = bool(role[2:] and role[2]), now
        return self._replicas

    def at_once(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Run commands as one transaction, also while the memory of Redis is full.

        Redis then refuses `MULTI`, even for commands that only delete.

        Args:
            commands: the words of each, at most some thousands in all.

        Returns:
            The reply to each command.
        """
        if len(commands) == 1:
            # No transaction is needed, and a script is three commands instead of one.
            try:
                return [self.client.execute_command(*commands[0])]
            except ResponseError as error:
                if refusal(error) != MEMORY_FULL:
                    raise
        words = (word for command in commands for word in (len(command), *command))
        replies: list[Any] = self.run("commands", *words)
        return replies


class _Pool(redis.ConnectionPool):
    """Connections that code which must not wait cannot get."""

    @override
    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        check_may_wait()
        return super().get_connection(*args, **kwargs)


@cache
def source_of(script: str) -> str:
    """The source of a script of `lua/`, with the prelude and the functions that it needs."""
    names = ["prelude", *LIBRARIES.get(script, ()), script]
    return "".join((_LUA / f"{name}.lua").read_text() for name in names)


@cache
def hash_of(script: str) -> str:
    """The name by which Redis runs a script of `lua/` that it has seen."""
    return hashlib.sha1(source_of(script).encode()).hexdigest()  # noqa: S324  as Redis does


def block(seconds: float) -> float:
    """The time for which a command may block; not 0, which Redis takes for ever."""
    return max(min(seconds, PATIENCE_SECONDS), 0.001)
