"""Checks of this machine: settings, models, libraries, limits, the port of the metrics."""

import re
import resource
import socket
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from scorelane.commands.common.extras import installation_of
from shared.card import Card
from shared.config.object_address import object_address
from shared.config.settings import Settings, load_settings
from shared.config.startup import check_blobs, check_secrets
from shared.errors.base import ScorelaneError
from shared.errors.model import ModelError, NoModelFolder
from shared.errors.system import sentence_of
from shared.library_fit import declines
from shared.model import RUNTIMES
from shared.model_folders import ModelFolders, read_folders, reason_of, sorted_out
from shared.monitoring.findings import Finding, fault, fine, warning
from shared.monitoring.settings_findings import settings_findings
from shared.stored_models import StoredModels, served

#: With fewer open files than this there is a warning. Each connection and each download needs one.
FEW_FILES = 1024

#: The tested versions of the libraries. Only a checkout has this file.
CONSTRAINTS = Path(__file__).resolve().parents[3] / "constraints.txt"

#: Seconds to wait for a worker to answer at the port of its metrics.
METRICS_SECONDS = 2.0


def examine_settings(environment: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    """Check the SCORELANE_ variables.

    Returns:
        The settings, None if a value cannot be used; and the findings.
    """
    findings = settings_findings(environment)
    try:
        settings = load_settings()
        check_secrets(settings)
        check_blobs(settings)
    except ScorelaneError as error:
        advice = "The API and the workers do not start with this value; see docs/settings.md."
        return None, [*findings, fault("settings", str(error), advice)]
    return settings, findings


def examine_models(settings: Settings) -> Iterator[Finding]:
    """Check that the models of a worker here are undamaged, and can be run here."""
    place = settings.models or "the models folder"
    declined_here = declines(settings.library_versions)
    try:
        folders = (
            _stored(settings)
            if settings.models
            else read_folders(settings.models_dir, settings.serve, declined_here)
        )
    except ModelError as error:
        yield fault("models", str(error), "A worker with this models folder does not start.")
        return
    except OSError as error:
        advice = "Let the user that runs the worker read it."
        if settings.models:
            advice = "Until then no worker starts; those that run go on with what they have."
        yield fault("models", sentence_of(error), advice)
        return
    for name, reason in folders.failed.items():
        yield fault("models", f"{name}: {reason}", "Workers serve the other models without it.")
    declined = folders.declined.values()
    for card, reason in declined:
        yield fine("models", f"{card.full_name} is left to other workers here: {reason}.")
    for card in folders.cards.values():
        yield _runtime(card, is_read=not settings.models)
    cards = [*folders.cards.values(), *(card for card, _ in declined)]
    if settings.default_model not in {card.name for card in cards}:
        yield warning(
            "models",
            f"The default model '{settings.default_model}' is not in {place}.",
            "Set SCORELANE_DEFAULT_MODEL to a model that is served.",
        )


def _stored(settings: Settings) -> ModelFolders:
    """The models in object storage. Only their cards are read: a worker checks the files.

    Raises:
        shared.errors.model.ModelError: there is no model.
        OSError: the store does not answer.
    """
    stored = StoredModels(object_address(settings.models))
    cards: dict[Path, Card] = {}
    failed: dict[str, str] = {}
    for folder, files in served(stored.folders(), settings.serve).items():
        try:
            cards[Path(folder)] = stored.card(folder, files)[0]
        except ModelError as error:
            failed[folder] = reason_of(error)
    if not cards and not failed:
        raise NoModelFolder(folder=stored.url, reason="there is no model folder in it")
    sound, declined = sorted_out(cards, declines(settings.library_versions))
    return ModelFolders(sound, failed, declined=declined)


def _runtime(card: Card, *, is_read: bool = True) -> Finding:
    runtimes = {point.name: point for point in entry_points(group=RUNTIMES)}
    if card.format not in runtimes:
        return fault(
            "models",
            f"{card.full_name} is a .{card.format} file, and no installed package can run it.",
            "Install a package with a runtime for it, or leave the model out with SCORELANE_SERVE.",
        )
    try:
        runtimes[card.format].load()
    except ImportError as error:
        return fault(
            "models",
            f"{card.full_name} cannot be run here: {error}.",
            installation_of(error.name or "") or "pip install 'scorelane-server[worker,keras]'",
        )
    found = "matches its card" if is_read else "has the files that its card names"
    return fine("models", f"{card.full_name} {found}, and can be run.")


def examine_versions(constraints: Path = CONSTRAINTS) -> Iterator[Finding]:
    """Compare the installed versions of the libraries with the tested ones, if these are known."""
    if not constraints.is_file():
        return
    tested = re.findall(r"^([\w.-]+)==([^\s;]+)", constraints.read_text(), re.MULTILINE)
    differing = []
    for name, tested_version in tested:
        try:
            installed_version = version(name)
        except PackageNotFoundError:
            continue
        if installed_version != tested_version:
            differing.append(f"{name} {installed_version} ({tested_version})")
    if differing:
        more = f", and {len(differing) - 5} more" if len(differing) > 5 else ""
        yield warning(
            "versions",
            f"Versions that differ from the tested ones: {', '.join(differing[:5])}{more}.",
            "pip install -c constraints.txt -e '.[dev]'",
        )
    else:
        yield fine("versions", "The libraries have the tested versions.")


def examine_limits() -> Iterator[Finding]:
    """Check that a program that is started here may open enough files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    message = f"A program may have {files:,} files open."
    if 0 <= files < FEW_FILES:
        advice = (
            f"Run `ulimit -n {4 * FEW_FILES}` before starting it, or set LimitNOFILE= for systemd."
        )
        yield warning("limits", message, advice)
    else:
        yield fine("limits", message)


def examine_metrics_port(settings: Settings) -> Iterator[Finding]:
    """Check that a worker's metrics can be served here, if the settings want them."""
    if not settings.metrics_port:
        return
    host, port = settings.metrics_host, settings.metrics_port
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if _worker_answers(host, port):
            yield fine("metrics", f"A worker serves its metrics at {host}:{port}.")
            return
        yield warning(
            "metrics",
            f"A worker cannot serve its metrics at {host}:{port}: {error.strerror}.",
            "Another program has the port. Each worker of a machine needs its own "
            "SCORELANE_METRICS_PORT.",
        )
    else:
        yield fine("metrics", f"A worker can serve its metrics at {host}:{port}.")


def _worker_answers(host: str, port: int) -> bool:
    """Whether a worker of Scorelane answers at the port of the metrics."""
    # A server that listens on all addresses is reached by that of the loopback.
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = HTTPConnection(host, port, timeout=METRICS_SECONDS)
    try:
        connection.request("GET", "/metrics")
        return b"scorelane_" in connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
