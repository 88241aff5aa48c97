"""The command line: `scorelane`. A command's module is imported when the command is called."""

import signal
import sys
from io import TextIOWrapper
from typing import Any

import click

from scorelane.commands import command_table
from scorelane.commands.common.extras import INSTALL_SERVICES
from scorelane.commands.common.failures import failure_of


class Commands(click.Group):
    """The commands, imported lazily; expected errors become a message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names of the installed commands, in the order of their use."""
        return command_table.installed()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import a command; None if there is none of this name."""
        command = command_table.load(cmd_name)
        return command and with_examples(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of the installed commands into the help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command_table.COMMANDS[name].help) for name in self.list_commands(ctx)]
            )
        if missing := command_table.missing():
            formatter.write_paragraph()
            formatter.write_text(
                f"The commands {', '.join(missing)} come with the services: {INSTALL_SERVICES}"
            )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn an error that a user can put right into a message."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(130)
        except click.ClickException:
            raise
        except Exception as error:
            if (failure := failure_of(error, self._invoked(ctx))) is None:
                raise
            raise failure from error

    def _invoked(self, ctx: click.Context) -> click.Command:
        """The command that was called."""
        name = ctx.invoked_subcommand
        return (name and self.get_command(ctx, name)) or self


def with_examples(command: click.Command) -> click.Command:
    r"""Let click see the `\b` before examples, which keeps it from wrapping them.

    click looks for the control character, while a raw docstring has a backslash and a letter.
    """
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scorelane", prog_name="scorelane")
def cli() -> None:
    r"""Score the texts of a CSV file, of any size, with a trained model.

    \b
    scorelane score reviews.csv              on this machine; starts and stops a service
    scorelane serve                          the service, at http://127.0.0.1:5005
    scorelane score reviews.csv --url http://127.0.0.1:5005

    The file needs a header line and a column `text`. A column `ref` is optional; its values are
    copied to the scores. A score is a number from 0 (negative) to 1 (positive).

    \b
    Exit codes:
      0    success; for `score`: every row was returned
      1    the job failed or was cancelled, or rows are missing
      2    a mistake in the command or the input, which the message names
      3    the service cannot be reached, or cannot be started
      130  stopped by Ctrl-C
    """


with_examples(cli)


def main() -> None:
    """Run the command line."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that temporary files are removed and a started service is stopped.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    # A shell script starts background commands with SIGINT ignored; Ctrl-C must stop us anyway.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal without bars and other scripts shows their numbers, instead of a traceback.
        sys.stdout.reconfigure(errors="backslashreplace")
    cli()
