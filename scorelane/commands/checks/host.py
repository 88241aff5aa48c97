"""Looks at this machine: the settings, the folders, the models, the libraries, the limits."""

import os
import re
import resource
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from scorelane.commands.checks.findings import Finding, fault, fine, warning
from shared.config.settings import PREFIX, Settings, load_settings, unknown_variables
from shared.config.startup import check_secrets
from shared.errors.base import ScorelaneError
from shared.errors.model import ModelError
from shared.model import RUNTIMES, Card, read_cards

#: So much room is little, and so much is none, in bytes.
LITTLE_ROOM, NO_ROOM = 2 * 2**30, 200 * 2**20

#: Each connection is an open file, and each download one more.
FEW_FILES = 1024

#: Where the project's sources are; a package that was installed has none beside it.
CONSTRAINTS = Path(__file__).resolve().parents[3] / "constraints.txt"


def examine_settings(environment: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    """The settings, None where they cannot be used; and what there is to say of them."""
    found = [
        warning("settings", said, "Remove it, or spell it right.")
        for said in unknown_variables(environment)
    ]
    try:
        settings = load_settings()
        check_secrets(settings)
    except ScorelaneError as error:
        advice = "The API and the workers do not start with it; docs/settings.md says what may be."
        return None, [*found, fault("settings", str(error), advice)]
    if not found:
        names = [name for name in environment if name.upper().startswith(PREFIX)]
        found.append(fine("settings", f"{len(names)} variables are set, and each is known."))
    return settings, found


def examine_blobs(folder: Path) -> Iterator[Finding]:
    """Whether blobs can be written, and for how long."""
    # One that is not there yet is made by the first program that writes.
    there = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(there).free
    except OSError as error:
        yield fault(
            "blobs",
            f"{folder} cannot be written: {error.strerror}.",
            "Let the API and the workers write there, or name another in SCORELANE_BLOBS_DIR.",
        )
        return
    said = f"{folder} can be written, and has {free / 1e9:,.1f} GB free."
    advice = "Make room, or lower SCORELANE_RETENTION_SECONDS: a full disk holds jobs up."
    if free < NO_ROOM:
        yield fault("blobs", said, advice)
    elif free < LITTLE_ROOM:
        yield warning("blobs", said, advice)
    else:
        yield fine("blobs", said)


def examine_models(settings: Settings) -> Iterator[Finding]:
    """Whether the models of the models folder are whole, and can be run here."""
    try:
        cards = read_cards(settings.models_dir, settings.serve).values()
    except ModelError as error:
        yield fault("models", str(error), "A worker with this folder does not start.")
        return
    except OSError as error:
        yield fault(
            "models",
            f"{error.filename}: {error.strerror}.",
            "Let whoever runs the worker read it.",
        )
        return
    for card in cards:
        yield _runtime(card)
    if settings.default_model not in {card.name for card in cards}:
        yield warning(
            "models",
            f"The default model '{settings.default_model}' is not among those here.",
            "Set SCORELANE_DEFAULT_MODEL to one that is served.",
        )


def _runtime(card: Card) -> Finding:
    points = {point.name: point for point in entry_points(group=RUNTIMES)}
    if card.format not in points:
        return fault(
            "models",
            f"{card.full_name} is a .{card.format}, which nothing installed can run.",
            "Install a package with such a runtime, or leave the model out by SCORELANE_SERVE.",
        )
    try:
        points[card.format].load()
    except ImportError as error:
        return fault(
            "models",
            f"{card.full_name} cannot be run here: {error}.",
            "pip install 'scorelane[worker,keras]'",
        )
    return fine("models", f"{card.full_name} is what its card says, and can be run.")


def examine_versions(constraints: Path = CONSTRAINTS) -> Iterator[Finding]:
    """Whether what is installed is what was tested."""
    if not constraints.is_file():
        return
    wanted = re.findall(r"^([\w.-]+)==([^\s;]+)", constraints.read_text(), re.MULTILINE)
    others = []
    for name, tested in wanted:
        try:
            found = version(name)
        except PackageNotFoundError:
            continue
        if found != tested:
            others.append(f"{name} {found} ({tested})")
    if others:
        more = f", and {len(others) - 5} more" if len(others) > 5 else ""
        yield warning(
            "versions",
            f"Others than were tested: {', '.join(others[:5])}{more}.",
            "pip install -c constraints.txt -e '.[dev]'",
        )
    else:
        yield fine("versions", "The libraries are those that were tested.")


def examine_limits() -> Iterator[Finding]:
    """Whether programs that are started here may open enough files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    said = f"A program may have {files:,} files open."
    if 0 <= files < FEW_FILES:
        advice = f"`ulimit -n {4 * FEW_FILES}` before it is started; LimitNOFILE= under systemd."
        yield warning("limits", said, advice)
    else:
        yield fine("limits", said)


def examine_metrics_port(settings: Settings) -> Iterator[Finding]:
    """Whether a worker that is started here could answer a scrape."""
    if not settings.metrics_port:
        return
    address = (settings.metrics_host, settings.metrics_port)
    said = f"{address[0]}:{address[1]}"
    try:
        socket.create_server(address).close()
    except OSError as error:
        yield warning(
            "metrics",
            f"A worker's metrics cannot be at {said}: {error.strerror}.",
            "A worker that runs has it already, or another program: each worker of a machine needs "
            "a SCORELANE_METRICS_PORT of its own.",
        )
    else:
        yield fine("metrics", f"A worker's metrics can be at {said}.")
