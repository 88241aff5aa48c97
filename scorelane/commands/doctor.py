"""`scorelane doctor`: what is wrong with an installation, and what to do about it."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
from rich.padding import Padding
from rich.text import Text

from scorelane.client.client import URL_VARIABLE
from scorelane.commands.checks.host import (
    examine_limits,
    examine_metrics_port,
    examine_models,
    examine_settings,
    examine_versions,
)
from scorelane.commands.checks.outside import examine_by_api
from scorelane.commands.checks.redis import examine_redis
from scorelane.commands.checks.running import can_run_worker, find_deployment
from scorelane.commands.checks.service import examine_api, examine_workers
from scorelane.commands.common import options
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.tables import stdout_console
from shared.config.settings import Settings
from shared.errors.system import sentence_of
from shared.monitoring.blob_findings import blob_findings
from shared.monitoring.findings import Finding, Severity, fault, fine, worst
from shared.redis.link import RedisLink
from shared.storage.opening import identity_of

_SIGNS = {
    Severity.FINE: ("ok", "green"),
    Severity.WARNING: ("!", "yellow"),
    Severity.FAULT: ("x", "red"),
}


@click.command()
@click.option(
    "--data",
    default=".scorelane",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The data folder of `scorelane serve`. If it runs on this folder, its Redis and its blob "
    "store are examined, unless SCORELANE_REDIS_URL is set.",
)
@click.option(
    "--url",
    envvar=URL_VARIABLE,
    show_envvar=True,
    help="The address of the service.  [default: that of the service that runs here]",
)
@options.as_json
def doctor(data: Path, url: str | None, as_json: bool) -> None:
    r"""Find out what runs, and what is wrong with it.

    The command examines the settings, Redis, the blob store, the models, the versions of libraries,
    the limits of this machine, the API and the workers. It reads the same SCORELANE_ variables as
    the API and the workers, so run it where they run:

    \b
    scorelane doctor                                       on the machine of `scorelane serve`
    docker compose exec worker scorelane doctor            in a container; also with `api`
    scorelane doctor --url https://scores.example.com      a service elsewhere, from outside

    \b
    Exit codes:
      0    all is well
      1    there are warnings: it works now, and will not always; or no service runs
      2    there are faults
    """
    findings = list(examine(url.rstrip("/") if url else None, data))
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        _print(findings)
    raise SystemExit(int(worst(findings)))


def examine(url: str | None, data: Path) -> Iterator[Finding]:
    """Run all checks.

    Args:
        url: the address of the API; None: that of the service that runs here, if one does.
        data: the data folder of `scorelane serve`.
    """
    settings, findings = examine_settings(os.environ)
    yield from findings
    yield from examine_versions()
    yield from examine_limits()
    if settings is None:
        return
    deployment = find_deployment(settings, url, data, os.environ)
    yield deployment.finding
    if deployment.settings is None:
        if deployment.api_url:
            yield from examine_api(deployment.api_url)
            yield from examine_by_api(deployment.api_url)
        return
    yield from _examine_host(deployment.settings)
    if deployment.runs:
        yield from _examine_service(deployment.settings, deployment.api_url)


def _examine_host(settings: Settings) -> Iterator[Finding]:
    yield from blob_findings(settings)
    if can_run_worker():
        yield from examine_models(settings)
        yield from examine_metrics_port(settings)
    else:
        message = (
            "No worker can run here, so no models are needed. (pip install "
            "'scorelane-server[worker]' brings a worker's libraries.)"
        )
        yield fine("models", message)


def _examine_service(settings: Settings, api_url: str | None) -> Iterator[Finding]:
    try:
        link = RedisLink(settings)
    except OSError as error:
        yield fault(
            "redis",
            sentence_of(error),
            "SCORELANE_REDIS_PASSWORD_FILE must name a file that can be read here.",
        )
        return
    with closing(link):
        findings = list(examine_redis(settings, link))
        yield from findings
        if api_url:
            yield from examine_api(api_url)
        if worst(findings) is not Severity.FAULT:
            yield from examine_workers(settings, link, identity_of(settings), _release())


def _release() -> str:
    try:
        return version("scorelane-server")
    except PackageNotFoundError:  # run from a folder of sources
        return "0"


def _print(findings: list[Finding]) -> None:
    console = stdout_console()
    for finding in findings:
        sign, style = _SIGNS[finding.severity]
        line = Text(harmless(f"{finding.about:9} {finding.message}"))
        console.print(Text(f"{sign:>2}  ", style=style) + line)
        if finding.advice:
            advice = Padding(
                Text(harmless(finding.advice), style="dim"), (0, 0, 0, 14), expand=False
            )
            console.print(advice)
    fine_ones, warnings, faults = (
        sum(finding.severity is severity for finding in findings) for severity in Severity
    )
    console.print(f"faults: {faults}, warnings: {warnings}, well: {fine_ones}")
