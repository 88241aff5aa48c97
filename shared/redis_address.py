"""Where Redis is, and how to authenticate: the same for the job store and for Celery's queues."""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.connection import parse_url
from redis.exceptions import AuthenticationError, ReadOnlyError, ResponseError
from typing_extensions import override

from shared.config.redis_url import is_sentinel, sentinel_url
from shared.config.settings import Settings
from shared.redis_sentinels import Sentinels, ToPrimary


@dataclass(frozen=True)
class RedisAddress:
    """The address of Redis in the settings.

    Attributes:
        url: the address of a Redis or of its sentinels; it may hold a user, a password, a
            database, and options of TLS.
        password_file: a file with the password of Redis, if the address has none.
        sentinel_password_file: the same for the sentinels.
    """

    url: str = field(repr=False)
    password_file: Path | None = None
    sentinel_password_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "RedisAddress":
        """The address that the settings name."""
        return cls(
            settings.redis_url,
            settings.redis_password_file,
            settings.redis_sentinel_password_file,
        )

    @property
    def host(self) -> str:
        """The host and its port, or the name of a Redis that has sentinels; for messages."""
        if is_sentinel(self.url):
            return sentinel_url(self.url).name
        _, _, host = urlsplit(self.url).netloc.rpartition("@")
        return host or "localhost"

    def options(self) -> dict[str, Any]:
        """The arguments of a connection of redis-py, and its class as `connection_class`."""
        if is_sentinel(self.url):
            options = _options(sentinel_url(self.url).server)
            kinds: tuple[type, ...] = (_Tolerant, ToPrimary, options["connection_class"])
            options |= {"sentinels": _sentinels(self), "host": self.host}
        else:
            options = _options(self.url)
            kinds = (_Tolerant, options["connection_class"])
        options["connection_class"] = type("Connection", kinds, {})
        if self.password_file and "password" not in options:
            user = options.pop("username", None)
            options["credential_provider"] = _PasswordFile(self.password_file, user)
        # After a failover the old primary is a replica, and may leave its connections open: connect
        # again, as the name of the host may lead to the new primary by now.
        return {"retry_on_error": [ReadOnlyError], **options}


def _options(url: str) -> dict[str, Any]:
    """The arguments of a connection to a server, by its address."""
    options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    return {"connection_class": redis.Connection, **options}


@cache
def _sentinels(address: RedisAddress) -> Sentinels:
    """The sentinels at an address; all connections of a process share them."""
    url = sentinel_url(address.url)
    options = {
        name: value
        for name, value in _options(url.server).items()
        if name == "connection_class" or name.startswith(("ssl_", "socket_"))
    }
    if address.sentinel_password_file and not url.password:
        file = address.sentinel_password_file
        options["credential_provider"] = _PasswordFile(file, url.user or None)
    elif url.password:
        options |= {"username": url.user or None, "password": url.password}
    return Sentinels(url.addresses, url.name, **options)


class _PasswordFile(redis.CredentialProvider):
    """Reads the password for each new connection, so a rotated one needs no restart."""

    def __init__(self, path: Path, user: str | None) -> None:
        self._path = path
        self._user = user

    @override
    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        try:
            password = self._path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            # Not a reason to end a program: the file may be replaced at this moment.
            reason = f"the password of Redis cannot be read: {type(error).__name__}"
            raise AuthenticationError(reason) from error
        return (self._user, password) if self._user else (password,)


class _Tolerant:
    """A connection that understands two replies as what they mean."""

    def _send_ping(self) -> None:
        # A Redis that cannot write to its disk answers PING with an error, and still answers reads.
        # So any reply is a sign of life.
        with suppress(ResponseError):
            super()._send_ping()  # type: ignore[misc]  # of redis-py's connection

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read a reply; older versions of Redis put words of their own around that of a script."""
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except ResponseError as error:
            # A command that blocked when its primary became a replica ends as UNBLOCKED.
            if " -READONLY " in str(error) or str(error).startswith("UNBLOCKED"):
                raise ReadOnlyError(str(error)) from error
            raise
