"""The table of all commands, and how each is imported.

The commands of the client are modules of this folder. The commands of the services are found by
the entry points of their distribution, `scorelane-server`, so that the client can be installed
without it. The table has the short helps of all commands, so that `--help` imports none of them.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import click

from scorelane.commands.common.extras import INSTALL_SERVICES
from scorelane.commands.common.failures import Mistake, missing_library

#: The entry point group in which the distribution of the services names its commands.
GROUP = "scorelane.commands"


@dataclass(frozen=True)
class Known:
    """A command that exists, whether it is installed or not.

    Attributes:
        help: its line in the list of commands.
        of_services: it comes with the services, and is found by an entry point.
    """

    help: str
    of_services: bool = False


#: By name, in the order of the list of commands.
COMMANDS = {
    "score": Known("Score a file, and write the results to another file."),
    "serve": Known("Run the whole service on this machine, until Ctrl-C.", of_services=True),
    "submit": Known("Send a file to a service as a job; print the job's id."),
    "validate": Known("Show how a service would read a file."),
    "status": Known("Show the state of a job."),
    "results": Known("Download the scores of a job."),
    "errors": Known("Print the rows of a job that have an error."),
    "summary": Known("Show the distribution of a job's scores."),
    "receipt": Known("Print the receipt of a job."),
    "verify": Known("Check results against the receipt of their job."),
    "cancel": Known("Stop a job."),
    "retry": Known("Run a failed or cancelled job again."),
    "delete": Known("Erase a job and its data."),
    "jobs": Known("List the newest jobs."),
    "usage": Known("Show how many rows were scored for whom."),
    "key": Known("Make an API key.", of_services=True),
    "models": Known("List the models of a service, with their versions and aliases."),
    "promote": Known("Choose the version that the name of a model means."),
    "rollback": Known("Go back to the version that a model's name meant before."),
    "remove": Known("Withdraw a version of a model from service."),
    "drift": Known("Compare a model's rows of the last day with those it was made for."),
    "traffic": Known("Show or change the share of work that a challenger gets."),
    "top": Known("Watch the workers, queues, jobs and rates of a service."),
    "doctor": Known("Find out what is wrong with an installation.", of_services=True),
    "train": Known("Train a model from labelled CSV files.", of_services=True),
    "evaluate": Known("Measure models on labelled CSV files.", of_services=True),
    "add-model": Known("Add your own model.", of_services=True),
    "compile": Known("Compile a Keras model, to serve it much faster.", of_services=True),
}


def installed() -> list[str]:
    """The names of the commands that are installed."""
    points = _entry_points()
    return [name for name, known in COMMANDS.items() if not known.of_services or name in points]


def missing() -> list[str]:
    """The names of the commands that need the services, if these are not installed."""
    return [name for name in COMMANDS if name not in installed()]


def load(name: str) -> click.Command | None:
    """Import a command; None if there is none of this name.

    Raises:
        Mistake: the services, or a library that the command needs, are not installed.
    """
    if name not in COMMANDS:
        return None
    if not COMMANDS[name].of_services:
        command: click.Command = getattr(import_module(f"scorelane.commands.{name}"), name)
        return command
    point = _entry_points().get(name)
    if point is None:
        raise Mistake(f"`scorelane {name}` needs the services: {INSTALL_SERVICES}")
    try:
        command = point.load()
    except ModuleNotFoundError as error:
        raise missing_library(error, name) or error from error
    return command


def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
