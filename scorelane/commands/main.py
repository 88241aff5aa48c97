"""The command line: `scorelane`. Each command is in a module that is imported when it is called."""

import errno
import signal
import sys
from importlib import import_module
from typing import Any

import click

#: Where each command is. Short helps stand here, so that `--help` imports none of them.
_COMMANDS = {
    "score": ("score:score", "Score a CSV file, and write the scores to another."),
    "serve": ("serve:serve", "Run the whole service here, until Ctrl-C."),
    "submit": ("jobs:submit", "Send a file to a service; print the id of its job."),
    "validate": ("jobs:validate", "See what would become of a job, without making it."),
    "status": ("jobs:status", "Show how a job stands."),
    "results": ("results:results", "Download the scores of a job."),
    "errors": ("results:errors", "Print the rows of a job that have no score."),
    "summary": ("results:summary", "Show what the scores of a job add up to."),
    "cancel": ("jobs:cancel", "Stop a job that has not ended."),
    "retry": ("jobs:retry", "Do a job again that failed or was cancelled."),
    "delete": ("jobs:delete", "Erase a job and all its data."),
    "jobs": ("lists:jobs", "List the newest jobs."),
    "key": ("key:key", "Make an API key, and the line that lets it in."),
    "models": ("lists:models", "List the models of a service."),
    "top": ("top:top", "Show a service at work: workers, queues, jobs, rates."),
    "doctor": ("doctor:doctor", "Look for what is wrong with an installation."),
    "train": ("models:train", "Train a model from labelled CSV files."),
    "evaluate": ("evaluate:evaluate", "Measure models on labelled CSV files."),
    "add-model": ("models:add_model", "Bring your own model."),
    "compile": ("models:compile_", "Compile a Keras model, to serve it much faster."),
}


class Mistake(click.ClickException):
    """Something in the command or the input is wrong."""

    exit_code = 2


class NoService(click.ClickException):
    """The service cannot be reached, or cannot be started."""

    exit_code = 3


class Commands(click.Group):
    """The commands, imported when they are needed, with errors as messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names, in the order of use."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"scorelane.commands.{module}"), name)
        return with_examples(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """The list of commands in the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what a user can put right into a message and an exit code."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(130)
        except click.ClickException:
            raise
        except Exception as error:
            if (failure := failure_of(error)) is None:
                raise
            raise failure from error


def with_examples(command: click.Command) -> click.Command:
    r"""Let click see the `\b` before examples, which it then does not wrap.

    It looks for the control character, and a raw docstring has a backslash and a letter.
    """
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    return command


def failure_of(error: Exception) -> click.ClickException | None:
    """An expected error, with its exit code; None for a bug, which keeps its traceback."""
    # Here and not above: these are imported by the command that raised, or by nobody.
    from scorelane.client.errors import ApiError, ClientError  # noqa: PLC0415
    from scorelane.stack.errors import StackError  # noqa: PLC0415
    from shared.errors.base import ScorelaneError  # noqa: PLC0415

    match error:
        case ApiError():
            return Mistake(error.detail) if error.status < 500 else NoService(error.detail)
        case ClientError() | StackError():
            return NoService(str(error))
        case ScorelaneError():
            return Mistake(str(error))
        case OSError() if error.errno != errno.EPIPE and error.strerror:
            # EPIPE is `scorelane jobs | head`, which click ends quietly.
            where = f"{error.filename}: " if error.filename else ""
            return Mistake(f"{where}{error.strerror}.")
    return None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scorelane", prog_name="scorelane")
def cli() -> None:
    r"""Score the texts of a CSV file, of any size, with a trained model.

    \b
    scorelane score reviews.csv              on this machine; nothing need be running
    scorelane serve                          the service, at http://127.0.0.1:5005
    scorelane score reviews.csv --url http://127.0.0.1:5005

    A file has a header line and a column `text`, and, if you like, a column `ref` that comes back
    with each score. A score is a number from 0 (negative) to 1 (positive).

    \b
    Exit codes:
      0    it was done; for `score`: every row came back
      1    the job failed or was cancelled, or rows are missing
      2    a mistake in the command or the input, which the message names
      3    the service cannot be reached, or cannot be started
      130  stopped by Ctrl-C
    """


with_examples(cli)


def main() -> None:
    """Run the command line."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that temporary files go and the service is waited for.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    # A script's shell has its background ignore SIGINT: then nothing but SIGTERM would stop us.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli()
