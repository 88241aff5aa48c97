"""How a program starts: with valid settings, or with one line on stderr and an exit status."""

import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from shared.config.redis_url import tls_files
from shared.config.secrets import webhook_secrets
from shared.config.settings import PREFIX, Settings, load_settings
from shared.errors.base import ScorelaneError
from shared.errors.service import BadSettings, NoTemporaryFolder

#: EX_CONFIG of sysexits.h: a restart is useless until the settings are corrected.
EX_CONFIG = 78


def settings_or_exit(program: str, *checks: Callable[[Settings], object]) -> Settings:
    """Load and check the settings; on a fault, end the program with one line on stderr.

    Args:
        program: the name of the program.
        checks: further checks, each of which raises a `ScorelaneError` on a fault.

    Raises:
        SystemExit: with the status `EX_CONFIG`: the settings cannot be used.
    """
    try:
        check_temporary_folder()
        settings = load_settings()
        check_secrets(settings)
        check_blobs(settings)
        for check in checks:
            check(settings)
    except ScorelaneError as error:
        end(program, str(error))
    return settings


def end(program: str, reason: str) -> NoReturn:
    """Write one line on stderr, and end the program with the status `EX_CONFIG`.

    Raises:
        SystemExit: always.
    """
    sys.stderr.write(f"scorelane {program}: {reason}\n")
    sys.exit(EX_CONFIG)


def check_temporary_folder() -> None:
    """Check that temporary files can be made.

    Raises:
        shared.errors.service.NoTemporaryFolder: no folder for them can be written.
    """
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise NoTemporaryFolder from error


def check_secrets(settings: Settings) -> None:
    """Check the secrets that every program needs.

    Raises:
        shared.errors.service.BadSettings: a file of secrets cannot be read.
        shared.errors.service.BadWebhookSecret: one of them is not a secret.
    """
    check_file(settings, "redis_password_file")
    check_file(settings, "redis_sentinel_password_file")
    for path in tls_files(settings.redis_url):
        _check_readable("redis_url", path)
    check_file(settings, "webhook_secrets_file")
    webhook_secrets(settings)


def check_blobs(settings: Settings) -> None:
    """Check that the library for object storage is installed, if blobs or models are there.

    Raises:
        shared.errors.service.BadSettings: it is not.
    """
    for name in ("blobs", "models"):
        if getattr(settings, name):
            require_object_storage(f"{PREFIX}{name.upper()}")


def require_object_storage(named_by: str) -> None:
    """Check that the library for object storage is installed.

    Args:
        named_by: what names an address there, for the message.

    Raises:
        shared.errors.service.BadSettings: it is not.
    """
    if find_spec("obstore") is None:
        advice = "needs a library: pip install 'scorelane-server[object-storage]'."
        raise BadSettings(faults=f"{named_by}: object storage {advice}")


def check_file(settings: Settings, name: str) -> None:
    """Check that the file that a setting names can be read, if it names one.

    Raises:
        shared.errors.service.BadSettings: it cannot be read. The message does not quote the file.
    """
    path: Path | None = getattr(settings, name)
    if path:
        _check_readable(name, path)


def _check_readable(name: str, path: Path) -> None:
    """Check that a text file that a setting names can be read."""
    try:
        path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
    else:
        return
    raise BadSettings(faults=f"{PREFIX}{name.upper()}: {str(path)!r} cannot be read: {reason}.")
