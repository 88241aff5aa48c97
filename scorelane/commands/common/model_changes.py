"""What the commands that change the versions of a model have in common."""

import getpass
import json
from typing import Any

import click

from scorelane.commands.common.harmless import harmless


def _with_version(_context: Any, _argument: Any, model: str) -> str:
    name, _, version = model.partition("@")
    if not (name and version):
        raise click.BadParameter(f"'{model}' names no version. Write NAME@VERSION or NAME@ALIAS.")
    return model


model_version = click.argument("model", metavar="MODEL@VERSION", callback=_with_version)


def who() -> str | None:
    """The user of this machine, for the audit; None if the system knows no name."""
    try:
        return getpass.getuser()[:100]
    except (OSError, KeyError):
        # A container may run as a number that has no name.
        return None


def print_change(change: dict[str, Any], *, as_json: bool) -> None:
    """Print what was changed, and a warning if no process serves the version."""
    if as_json:
        click.echo(json.dumps(change, indent=2))
        return
    model, alias = change["model"], change["alias"]
    if alias is None:
        done = "was removed" if change["action"] == "remove" else "is in service again"
        click.echo(harmless(f"{model}@{change['before'] or change['after']} {done}."))
    elif change["after"] is None:
        click.echo(harmless(f"{model}@{alias} is gone; it was {change['before']}."))
    elif change["before"] == change["after"]:
        click.echo(harmless(f"{model}@{alias} is {change['after']}, as before."))
    else:
        before = f"; it was {change['before']}" if change["before"] else ""
        click.echo(harmless(f"{model}@{alias} is now {change['after']}{before}."))
    if change["failed_jobs"]:
        click.echo(f"{change['failed_jobs']:,} jobs failed because of it.")
    if change["after"] and not change["processes"]:
        version = f"{model}@{change['after']}"
        click.echo(harmless(f"No process serves {version} at present."), err=True)
