"""Finds out what runs: a service with its settings here, `scorelane serve`, a service elsewhere."""

import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from scorelane.client.client import DEFAULT_URL
from scorelane.stack.folder import running_addresses, settings_of_stack
from shared.config.settings import PREFIX, Settings
from shared.monitoring.findings import Finding, fine, warning
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink

_ABOUT = "service"

#: Seconds to wait for a connection to the API's default address.
_CONNECT_SECONDS = 2.0

#: The modules without which a program does not run. Each image has those of one program only.
_API_MODULES = ("api", "flask", "gunicorn")
_WORKER_MODULES = ("worker", "joblib", "numpy", "pandas")


@dataclass(frozen=True)
class Deployment:
    """What runs, and so what can be examined.

    Attributes:
        finding: what was found, for the user.
        settings: the settings of the service's programs; None: they are not known here, so neither
            are its Redis and its blob store.
        api_url: the address at which to examine the API; None: none is known.
        runs: whether a service runs. If not, only this machine is examined.
    """

    finding: Finding
    settings: Settings | None
    api_url: str | None
    runs: bool = True


def can_run_api() -> bool:
    """Whether the API and its libraries are installed here."""
    return all(find_spec(module) for module in _API_MODULES)


def can_run_worker() -> bool:
    """Whether the worker and its libraries are installed here."""
    return all(find_spec(module) for module in _WORKER_MODULES)


def find_deployment(
    settings: Settings, url: str | None, data: Path, environment: Mapping[str, str]
) -> Deployment:
    """Find out what runs.

    In this order: a service that the environment describes (in a container, say), `scorelane serve`
    on the data folder, workers with the default settings, the service at `url`, a service at the
    default address.

    Args:
        settings: from the environment.
        url: the address of the API, if the user named it.
        data: the data folder of `scorelane serve`.
        environment: the variables that are set.
    """
    if f"{PREFIX}REDIS_URL" in {name.upper() for name in environment}:
        return _of_environment(settings, url)
    if addresses := running_addresses(data):
        return Deployment(
            fine(_ABOUT, f"`scorelane serve` runs here, with the data folder {data}."),
            settings_of_stack(settings, data, environment),
            url or addresses.api_url,
        )
    if _has_workers(settings):
        message = f"Workers run with the default Redis, {settings.redis_url}."
        return Deployment(fine(_ABOUT, message), settings, url or DEFAULT_URL)
    if url:
        message = (
            f"The service at {url} is examined from outside. Its machine and its models can be "
            "examined only where it runs."
        )
        return Deployment(fine(_ABOUT, message), None, url)
    if _accepts(DEFAULT_URL):
        message = (
            f"A service listens at {DEFAULT_URL}, and is examined from outside. To examine its "
            "machine and its models, run `scorelane doctor` where they run (`docker compose exec "
            "worker scorelane doctor`), or name the folder of `scorelane serve` with --data."
        )
        return Deployment(fine(_ABOUT, message), None, DEFAULT_URL)
    finding = warning(
        _ABOUT,
        "No service runs here.",
        "Start one with `scorelane serve`, or with `docker compose up -d`. If one runs elsewhere, "
        "name its address with --url, or run `scorelane doctor` there.",
    )
    return Deployment(finding, settings, None, runs=False)


def _of_environment(settings: Settings, url: str | None) -> Deployment:
    programs = [
        name
        for name, is_here in (("the API", can_run_api()), ("a worker", can_run_worker()))
        if is_here
    ]
    message = f"{PREFIX}REDIS_URL is set, so this is the environment of a service"
    message += f"; {' and '.join(programs)} can run here." if programs else "."
    if not url and not can_run_api():
        message += " The API runs elsewhere: name its address with --url to examine it."
    return Deployment(
        fine(_ABOUT, message), settings, url or (DEFAULT_URL if can_run_api() else None)
    )


def _has_workers(settings: Settings) -> bool:
    with suppress(RedisError, OSError), closing(RedisLink(settings)) as link:
        return bool(RedisFleet(link, settings).workers())
    return False


def _accepts(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), _CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
