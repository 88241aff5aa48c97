"""How a program begins: with settings that it can use, or with a line that says why it cannot."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from shared.config.secrets import webhook_secrets
from shared.config.settings import PREFIX, Settings, load_settings
from shared.errors.base import ScorelaneError
from shared.errors.service import BadSettings

#: EX_CONFIG of sysexits.h: to start it again is in vain, until somebody has put it right.
EX_CONFIG = 78


def settings_or_exit(program: str, *checks: Callable[[Settings], object]) -> Settings:
    """The settings; where they cannot be used, the program ends with a line on stderr.

    Args:
        program: its name.
        checks: what else must hold; each raises a `ScorelaneError`.

    Raises:
        SystemExit: they cannot be used; its status is `EX_CONFIG`.
    """
    try:
        settings = load_settings()
        check_secrets(settings)
        for check in checks:
            check(settings)
    except ScorelaneError as error:
        end(program, str(error))
    return settings


def end(program: str, reason: str) -> NoReturn:
    """End a program that cannot be started so.

    Raises:
        SystemExit: always.
    """
    sys.stderr.write(f"scorelane {program}: {reason}\n")
    sys.exit(EX_CONFIG)


def check_secrets(settings: Settings) -> None:
    """See that the secrets that every program has can be used.

    Raises:
        shared.errors.service.BadSettings: a file of them cannot be read.
        shared.errors.service.BadWebhookSecret: one of them is none.
    """
    check_file(settings, "redis_password_file")
    check_file(settings, "webhook_secrets_file")
    webhook_secrets(settings)


def check_file(settings: Settings, name: str) -> None:
    """See that the file that a setting names can be read, if it names one.

    Raises:
        shared.errors.service.BadSettings: it cannot be; its content is not said.
    """
    path: Path | None = getattr(settings, name)
    try:
        if path:
            path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
    else:
        return
    raise BadSettings(faults=f"{PREFIX}{name.upper()}: {str(path)!r} cannot be read: {reason}.")
