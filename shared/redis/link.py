"""The connection to Redis: patient or prompt, and the scripts in `shared/lua`."""

import time
from functools import cached_property
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.config.settings import Settings

#: How long one command may block; who waits longer calls again. A Redis that died without a word
#: is noticed after this.
PATIENCE_SECONDS = 5.0

#: How long the difference between Redis's clock and ours is taken to stay, in seconds.
CLOCK_SECONDS = 10.0

_LUA = Path(__file__).parent / "lua"


class RedisLink:
    """One Redis, seen by one process. Connections are made at the first call.

    A call that fails raises `redis.RedisError` within seconds. Clients are `Any`: redis-py's types
    say "bytes or str, awaitable or not" of every answer.
    """

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.key_prefix
        self._url = settings.redis_url
        self._password = settings.redis_password
        self._timeout = settings.redis_timeout
        self._scripts: dict[str, Any] = {}
        self._ahead, self._asked = 0.0, -CLOCK_SECONDS

    @cached_property
    def client(self) -> Any:
        """For commands that answer at once."""
        return self._connect(self._timeout)

    @cached_property
    def patient(self) -> Any:
        """For commands that block up to `PATIENCE_SECONDS`."""
        # With the prompt client's socket timeout, a blocking pop would be cut off.
        return self._connect(PATIENCE_SECONDS + self._timeout)

    def _connect(self, timeout: float) -> Any:
        return redis.Redis.from_url(
            self._url,
            password=self._password,
            decode_responses=True,
            socket_timeout=timeout,
            socket_connect_timeout=self._timeout,
            # redis-py's default backs off for half a minute; one fresh connection is enough to get
            # over a Redis that was restarted since the last call.
            retry=Retry(NoBackoff(), 1),
            health_check_interval=30,
        )

    def now(self) -> float:
        """Seconds since the epoch by Redis's clock, which all hosts share; their own may differ."""
        # Against the clock that nobody sets: a host's time may jump.
        here = time.monotonic()
        if here - self._asked >= CLOCK_SECONDS:
            seconds, micros = self.client.time()
            self._ahead, self._asked = seconds + micros / 1e6 - here, here
        return self._ahead + here

    def close(self) -> None:
        """Close every connection."""
        self.client.close()
        self.patient.close()

    def key(self, *parts: str) -> str:
        """A key, from its parts."""
        return self.prefix + ":".join(parts)

    def run(self, script: str, *args: Any, pipe: Any = None) -> Any:
        """Run a script of `shared/lua`; with `pipe`, queue it there."""
        if script not in self._scripts:
            source = (_LUA / "prelude.lua").read_text() + (_LUA / f"{script}.lua").read_text()
            self._scripts[script] = self.client.register_script(source)
        return self._scripts[script](args=[self.prefix, *args], client=pipe or self.client)


def block(seconds: float) -> float:
    """For how long a command may block; Redis takes 0 for ever."""
    return max(min(seconds, PATIENCE_SECONDS), 0.001)
