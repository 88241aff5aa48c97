"""Turns the errors that a user can put right into one line and an exit code."""

import errno

import click

from scorelane.commands.common.extras import installation_of
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.option_names import in_option_names


class Failure(click.ClickException):
    """An error whose message may quote texts of others, which are shown harmlessly."""

    def __init__(self, message: str) -> None:
        super().__init__(harmless(message))


class Mistake(Failure):
    """Something in the command, the input or the installation is wrong."""

    exit_code = 2


class NoService(Failure):
    """The service cannot be reached, or cannot be started."""

    exit_code = 3


def failure_of(error: Exception, command: click.Command) -> click.ClickException | None:
    """The message and the exit code for an expected error.

    Args:
        error: what the command raised.
        command: the command, whose option names the message uses.

    Returns:
        None for a bug, which keeps its traceback.
    """
    # Imported here, because `scorelane --help` needs no HTTP client.
    from scorelane.client.errors import ApiError, ClientError  # noqa: PLC0415

    match error:
        case ApiError():
            message = in_option_names(error.detail, command)
            return Mistake(message) if error.status < 500 else NoService(message)
        case ClientError():
            return NoService(str(error))
        case ModuleNotFoundError():
            return missing_library(error, command.name or "")
        case OSError() if error.errno != errno.EPIPE and error.strerror:
            # EPIPE is `scorelane jobs | head`, which click ends quietly.
            file = f"{error.filename}: " if error.filename else ""
            return Mistake(f"{file}{error.strerror}.")
    return _failure_of_services(error, command)


def _failure_of_services(error: Exception, command: click.Command) -> click.ClickException | None:
    try:
        from scorelane.stack.errors import StackError  # noqa: PLC0415  it may not be installed
        from shared.errors.base import ScorelaneError  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    if isinstance(error, StackError):
        return NoService(str(error))
    if isinstance(error, ScorelaneError):
        message = in_option_names(str(error), command)
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and (
            install := installation_of(cause.name or "")
        ):
            message = f"{message} To install them: {install}"
        return Mistake(message)
    return None


def missing_library(error: ModuleNotFoundError, command_name: str) -> Mistake | None:
    """The message that names the extra to install; None if no extra brings the module."""
    install = installation_of(error.name or "")
    if install is None:
        return None
    return Mistake(f"`scorelane {command_name}` needs {error.name}, which is missing: {install}")
