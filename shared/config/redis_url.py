"""The address of Redis in the settings, taken apart: a server's, or that of its sentinels."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

#: The scheme of an address of sentinels, and the scheme of a server that is reached likewise.
SENTINEL_SCHEMES = {"sentinel": "redis", "sentinels": "rediss"}

#: The schemes with TLS, and the options that name files for it.
TLS_SCHEMES = ("rediss", "sentinels")
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")

#: The port of a sentinel whose address has none.
SENTINEL_PORT = 26379

#: What an address looks like, for messages.
FORMS = (
    "redis://HOST:PORT/NUMBER, rediss://HOST:PORT/NUMBER, unix:///PATH or "
    "sentinel://HOST:PORT,HOST:PORT/NAME/NUMBER"
)


class SentinelUrl(NamedTuple):
    """Sentinels, and which Redis to ask them for.

    Attributes:
        addresses: host and port of each sentinel.
        name: the name by which the sentinels watch the Redis.
        server: the address of a server, whose user, password, database and options of TLS are
            those of the Redis. Its host is the name.
        user: the user at the sentinels; empty: none.
        password: the password there; empty: none.
    """

    addresses: tuple[tuple[str, int], ...]
    name: str
    server: str
    user: str
    password: str


def is_sentinel(url: str) -> bool:
    """Whether an address is that of sentinels."""
    return urlsplit(url).scheme in SENTINEL_SCHEMES


def sentinel_url(url: str) -> SentinelUrl:
    """Take the address of sentinels apart: `sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME/DB`.

    The user and the password are those of the Redis. Those of the sentinels are the options
    `sentinel_username` and `sentinel_password`. With the scheme `sentinels` both are reached by
    TLS.

    Raises:
        ValueError: it is no such address.
    """
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    name, _, number = parts.path[1:].partition("/")
    if not name or (number and not number.isdecimal()):
        raise ValueError(FORMS)
    options = _options(url)
    user, password = options.pop("sentinel_username", ""), options.pop("sentinel_password", "")
    scheme, query = SENTINEL_SCHEMES[parts.scheme], urlencode(options)
    server = SplitResult(scheme, f"{login}{at}{name}", f"/{number}", query, "").geturl()
    return SentinelUrl(tuple(map(_address, hosts.split(","))), name, server, user, password)


def redis_address(value: str) -> str:
    """Give the value back, if it is the address of a Redis or of sentinels.

    Raises:
        ValueError: it is not. The message does not quote it: it may hold a password.
    """
    try:
        is_valid = bool(sentinel_url(value)) if is_sentinel(value) else _is_server(urlsplit(value))
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError(FORMS)
    parts = urlsplit(value)
    if parts.scheme not in TLS_SCHEMES and any("ssl_" in name for name in _options(value)):
        raise ValueError("rediss://... or sentinels://..., as it has options of TLS")
    return value


def tls_files(url: str) -> list[Path]:
    """The files that the options of TLS name."""
    options = _options(url)
    return [Path(options[name]) for name in TLS_FILES if name in options]


def _options(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def without_secrets(url: str) -> str:
    """The address without the login and the options, which may hold passwords; for messages."""
    parts = urlsplit(url)
    _, _, hosts = parts.netloc.rpartition("@")
    return parts._replace(netloc=hosts, query="").geturl()


def has_password(url: str) -> bool:
    """Whether the address holds a password of the Redis."""
    parts = urlsplit(sentinel_url(url).server if is_sentinel(url) else url)
    return bool(parts.password) or "password" in _options(url)


def is_local(url: str) -> bool:
    """Whether the address is on this machine alone; that of sentinels never is."""
    parts = urlsplit(url)
    if parts.scheme in SENTINEL_SCHEMES:
        return False
    return parts.scheme == "unix" or parts.hostname in {"127.0.0.1", "localhost", "::1"}


def _is_server(parts: SplitResult) -> bool:
    is_valid = parts.scheme == "unix" or bool(
        parts.scheme in ("redis", "rediss") and parts.hostname
    )
    is_valid = is_valid and (parts.port is None or parts.port > 0)
    # For a socket, the path is that of the socket, and the database is in the query.
    number = "" if parts.scheme == "unix" else parts.path[1:]
    return is_valid and (not number or number.isdecimal())


def _address(text: str) -> tuple[str, int]:
    """The host and the port of a sentinel: `HOST`, `HOST:PORT` or `[IPV6]:PORT`."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.path or parts.port == 0:
        raise ValueError(FORMS)
    return parts.hostname, parts.port or SENTINEL_PORT
