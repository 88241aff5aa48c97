"""Waits until a service serves a new version of a model, or says who does not serve it, and why."""

import json
import os
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from scorelane.client.client import KEY_VARIABLE, Client
from scorelane.client.errors import ClientError, NotFound, Refused, Unavailable, Unreachable
from scorelane.commands.common.harmless import harmless

#: How often the service is asked, in seconds.
_LOOK_SECONDS = 0.5

#: How long a service may say why the model is not served before that is believed: it may still be
#: the reason of the folder that was there before.
_BELIEVED_SECONDS = 15.0

#: How long all workers may take once one of them serves it.
_OTHERS_SECONDS = 20.0


@dataclass(frozen=True)
class Outcome:
    """What the service does with a version.

    Attributes:
        version: the version as `GET /models` has it; None: no process serves it.
        lines: who does not serve it, and why.
    """

    version: Mapping[str, Any] | None
    lines: tuple[str, ...] = ()


def answers(client: Client) -> bool:
    """Whether a service answers, whatever it says."""
    try:
        client.models()
    except Unreachable:
        return False
    except ClientError:
        return True
    return True


def until_served(
    client: Client,
    full_name: str,
    seconds: float,
    *,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Wait until all workers serve a version, or until it is clear that one does not.

    A version that was removed is taken into service again.

    Args:
        client: of the service.
        full_name: the version, as `name@version`.
        seconds: how long to wait for the first worker.
        now: the time, in seconds.
        pause: waits for some seconds.

    Raises:
        ClientError: the service does not answer any more.
    """
    begin, failed_since, served_since = now(), None, None
    name = full_name.partition("@")[0]
    while True:
        version = _served(client, full_name)
        reason = client.failed_models().get(name)
        if version is None and full_name in _processes(client):
            # It is served, and not listed: it was removed before.
            client.serve_version(full_name)
        failed_since = (failed_since or now()) if reason and version is None else None
        if version is not None:
            served_since = served_since or now()
            missing, declined = _without(client, full_name)
            if not missing or now() - served_since >= _OTHERS_SECONDS:
                return Outcome(version, (*declined, *missing))
        elif failed_since is not None and now() - failed_since >= _BELIEVED_SECONDS:
            return Outcome(None, (f"{name} is not served: {reason}",))
        elif now() - begin >= seconds:
            missing, declined = _without(client, full_name)
            return Outcome(None, (*declined, *missing) or ("No worker serves it.",))
        pause(_LOOK_SECONDS)


def try_it(url: str, model: str, row: Mapping[str, Any]) -> str:
    """A command for the shell that scores a row with a model.

    Args:
        url: the address of the service.
        model: its name, perhaps with a version.
        row: the inputs of the model, by name.
    """
    body = json.dumps([{"ref": 1, **row}], default=str, ensure_ascii=False)
    key = f' -H "Authorization: Bearer ${KEY_VARIABLE}"' if os.environ.get(KEY_VARIABLE) else ""
    address = shlex.quote(f"{url}/score?model={model}")
    return f"curl -s {address}{key} -H 'Content-Type: application/json' -d {shlex.quote(body)}"


def print_outcome(outcome: Outcome, full_name: str, *, err: bool) -> None:
    """Print whether the version is served, and by whom it is not."""
    if outcome.version is not None:
        processes = outcome.version["processes"]
        click.echo(harmless(f"{full_name} is served by {processes:,} processes."), err=err)
    for line in outcome.lines:
        click.echo(harmless(line), err=True)


def _served(client: Client, full_name: str) -> Mapping[str, Any] | None:
    """The version, if a process serves it."""
    # An older service lists no versions.
    for one in client.versions() or client.models():
        if f"{one['name']}@{one['version']}" == full_name and one["processes"]:
            return one
    return None


def _processes(client: Client) -> Mapping[str, int]:
    try:
        return client.ready()
    except Unavailable:
        # Some model is still being loaded.
        return {}


def _without(client: Client, full_name: str) -> tuple[list[str], list[str]]:
    """Which workers do not serve a version, and why; none if the key may not know.

    Returns:
        Those that may serve it later, and those that leave it to workers with other libraries.
    """
    name = full_name.partition("@")[0]
    try:
        workers = client.workers()
    except (Refused, NotFound):
        return [], []
    missing, declined = [], []
    for one in workers:
        worker = f"The worker {one['name']} on {one['host']}"
        # A service of an older release says nothing of it.
        if why := one.get("declined", {}).get(full_name):
            declined.append(f"{worker} leaves it to others: {why}.")
        elif full_name not in one["models"]:
            why = one["failed"].get(
                name, "it has not found it. It may read another folder of models."
            )
            missing.append(f"{worker} does not serve it: {why}")
    return missing, declined
