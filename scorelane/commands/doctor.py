"""`scorelane doctor`: what is wrong with an installation, and what to do about it."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from scorelane.commands import options
from scorelane.commands.checks.findings import Finding, Weight, worst
from scorelane.commands.checks.host import (
    examine_blobs,
    examine_limits,
    examine_metrics_port,
    examine_models,
    examine_settings,
    examine_versions,
)
from scorelane.commands.checks.redis import examine_redis
from scorelane.commands.checks.service import examine_api, examine_workers
from scorelane.stack.folder import settings_of_stack
from shared.config.settings import Settings
from shared.redis.link import RedisLink
from shared.storage.blobs import FolderBlobs

_SIGNS = {Weight.FINE: ("ok", "green"), Weight.WARNING: ("!", "yellow"), Weight.FAULT: ("x", "red")}


@click.command()
@click.option(
    "--data",
    default=".scorelane",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Of a running `scorelane serve`: its Redis and blobs are looked at, where no variable "
    "names others.",
)
@options.url
@options.as_json
def doctor(data: Path, url: str, as_json: bool) -> None:
    r"""Look for what is wrong: settings, Redis, blobs, models, versions, limits, API, workers.

    It takes the settings from the environment, as the API and the workers do: run it where they
    run.

    \b
    Exit codes:
      0    all is well
      1    there are warnings: it works, and will not always
      2    there are faults
    """
    findings = list(examine(url.rstrip("/"), data))
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        _print(findings)
    raise SystemExit(int(worst(findings)))


def examine(url: str, data: Path) -> Iterator[Finding]:
    """Everything that there is to say.

    Args:
        url: where the API is said to be.
        data: the data folder of a service on this machine, if it is one.
    """
    settings, said = examine_settings(os.environ)
    yield from said
    yield from examine_versions()
    yield from examine_limits()
    if settings is None:
        return
    settings = settings_of_stack(settings, data, os.environ)
    yield from examine_blobs(settings.blobs_dir)
    yield from examine_models(settings)
    yield from examine_metrics_port(settings)
    yield from _examine_running(settings, url)


def _examine_running(settings: Settings, url: str) -> Iterator[Finding]:
    try:
        link = RedisLink(settings)
    except OSError as error:
        yield Finding(
            "redis",
            Weight.FAULT,
            f"{error.filename}: {error.strerror}.",
            "SCORELANE_REDIS_PASSWORD_FILE must name a file that can be read here.",
        )
        return
    with closing(link):
        found = list(examine_redis(settings, link))
        yield from found
        yield from examine_api(url)
        if worst(found) is not Weight.FAULT:
            folder = settings.blobs_dir
            blobs = FolderBlobs(folder).identity() if folder.is_dir() else ""
            yield from examine_workers(settings, link, blobs, _release())


def _release() -> str:
    try:
        return version("scorelane-server")
    except PackageNotFoundError:  # run from a folder of sources
        return "0"


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=1000)
    for finding in findings:
        sign, style = _SIGNS[finding.weight]
        console.print(Text(f"{sign:>2}  ", style=style) + Text(f"{finding.about:9} {finding.said}"))
        if finding.advice:
            advice = Padding(Text(finding.advice, style="dim"), (0, 0, 0, 14), expand=False)
            console.print(advice)
    well, warnings, faults = (sum(one.weight is weight for one in findings) for weight in Weight)
    console.print(f"faults: {faults}, warnings: {warnings}, well: {well}")
