"""The addresses that a one-machine stack writes into its data folder, for `scorelane doctor`."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from shared.config.settings import PREFIX, Settings

#: Files of the data folder. They stay when the stack has stopped.
_REDIS_FILE, _API_FILE = "redis-url", "api-url"

#: All that a stack writes into its data folder.
_OWN = {"redis", "blobs", "logs", "lock", _REDIS_FILE, _API_FILE}

#: Seconds to wait for Redis to accept a connection on its Unix socket.
_CONNECT_SECONDS = 2.0


@dataclass(frozen=True)
class Addresses:
    """Where the programs of a stack listen."""

    redis_url: str
    api_url: str


def close_to_others(data: Path) -> None:
    """Let nobody but its owner enter a data folder and what a stack has written there.

    A folder that holds other files, too, stays open: it is not the stack's alone.
    """
    is_own = {path.name for path in data.iterdir()} <= _OWN
    for path in [data / name for name in _OWN] + [data] * is_own:
        # It is not there yet, or belongs to somebody else.
        with suppress(OSError):
            path.chmod(0o700 if path.is_dir() else 0o600)


def write_addresses(data: Path, addresses: Addresses) -> None:
    """Write the addresses of a stack that starts."""
    (data / _REDIS_FILE).write_text(addresses.redis_url + "\n")
    (data / _API_FILE).write_text(addresses.api_url + "\n")


def running_addresses(data: Path) -> Addresses | None:
    """The addresses of the stack that runs on a data folder; None if none runs.

    A stack runs if its Redis accepts a connection: it stops as a whole when Redis ends.
    """
    try:
        redis_url = (data / _REDIS_FILE).read_text().strip()
        api_url = (data / _API_FILE).read_text().strip()
        with socket.socket(socket.AF_UNIX) as redis:
            redis.settimeout(_CONNECT_SECONDS)
            redis.connect(urlsplit(redis_url).path)
    except (OSError, ValueError):
        return None
    return Addresses(redis_url, api_url)


def settings_of_stack(settings: Settings, data: Path, environment: Mapping[str, str]) -> Settings:
    """The settings with the Redis and the blob store of the stack on a data folder.

    Args:
        settings: from the environment.
        data: the data folder; without a stack in it, the settings are returned as they are.
        environment: the variables that are set. SCORELANE_REDIS_URL leaves all as it is, and
            SCORELANE_BLOBS_DIR leaves the blob store.
    """
    if f"{PREFIX}REDIS_URL" in environment:
        return settings
    changes: dict[str, object] = {}
    with suppress(OSError):
        changes["redis_url"] = (data / _REDIS_FILE).read_text().strip()
        if f"{PREFIX}BLOBS_DIR" not in environment:
            changes["blobs_dir"] = data / "blobs"
    return settings.model_copy(update=changes)
