"""Checks of the running service: the API at its address, the workers by their status in Redis."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from scorelane.client.client import Client
from scorelane.client.errors import HTTP_ERROR, ApiError, ClientError, Unreachable
from scorelane.client.retries import Retries
from shared.config.settings import Settings
from shared.monitoring.findings import Finding, fault, fine, warning
from shared.monitoring.worker_findings import worker_findings
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink


def examine_api(url: str) -> Iterator[Finding]:
    """Check that the API answers, and is ready."""
    try:
        # No retries: the state at this moment is wanted.
        with Client(url, timeout=10.0, retries=Retries(seconds=0)) as client:
            client.ready()
    except Unreachable:
        yield _silent(url)
    except ClientError as error:
        if isinstance(error, ApiError) and error.code != HTTP_ERROR:
            yield fault("api", f"{url} is not ready.", error.detail)
            return
        yield fault(
            "api",
            f"Something other than Scorelane answers at {url}.",
            "Name the address of the service with --url, or let it listen on another port.",
        )
    else:
        yield fine("api", f"{url} is ready.")


def _silent(url: str) -> Finding:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), 2.0):
            return fault(
                "api",
                f"The program that listens at {url} does not speak HTTP, or needs more than 10 s.",
                "Read its log; `ss -ltnp` shows which program holds the port.",
            )
    except OSError:
        return warning(
            "api",
            f"Nothing answers at {url}.",
            "Start the API, or name its address with --url.",
        )


def examine_workers(
    settings: Settings, link: RedisLink, blobs: str, release: str
) -> Iterator[Finding]:
    """Check that workers are alive, and that they agree with each other.

    Args:
        settings: the key prefix of the workers' status, and the default model.
        link: to Redis.
        blobs: the identity of the blob store here; empty: there is none here.
        release: the release of Scorelane here.
    """
    fleet = RedisFleet(link, settings)
    try:
        workers, serving = fleet.workers(), fleet.serving()
    except RedisError:
        return  # the check of Redis reports this
    yield from worker_findings(settings, workers, serving, blobs=blobs, release=release)
