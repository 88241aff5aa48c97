"""`scorelane models`: the models that a service serves, and what they take and give."""

import json
from typing import Any

import click

from scorelane.commands.common import options
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.tables import add_row, print_table, table_of


@click.command()
@click.argument("name", required=False)
@options.url
@options.as_json
def models(name: str | None, url: str, as_json: bool) -> None:
    """List the models of a service, and those that it cannot serve.

    With NAME, show the columns that this model takes, and those that it gives.
    """
    with options.client(url) as client:
        found, failed = client.models(), client.failed_models()
    if name is not None:
        _print_model(_named(name, found, failed), as_json=as_json)
        return
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = table_of(
        "model", "version", "format", right=("rows/s", "processes"), last="description"
    )
    for model in found:
        rate, processes = f"{model['rows_per_second']:,.0f}", str(model["processes"])
        about = model["version"], model["format"], rate, processes, model["description"]
        add_row(table, _name_of(model), *about)
    print_table(table)
    for failed_name, reason in failed.items():
        click.echo(harmless(f"{failed_name} is not served: {reason}"), err=True)


def _named(name: str, found: list[dict[str, Any]], failed: dict[str, str]) -> dict[str, Any]:
    for model in found:
        if model["name"] == name:
            return model
    if name in failed:
        raise Mistake(f"{name} is not served: {failed[name]}")
    names = ", ".join(model["name"] for model in found) or "none"
    raise Mistake(f"There is no model '{name}'. The models here: {names}.")


def _name_of(model: dict[str, Any]) -> str:
    return f"{model['name']} (default)" if model["default"] else str(model["name"])


def _print_model(model: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(model, indent=2))
        return
    click.echo(harmless(f"{_name_of(model)}, version {model['version']}"))
    if model["description"]:
        click.echo(harmless(model["description"]))
    if not model.get("inputs"):
        # An older service: all its models take a text.
        return
    click.echo("\nIt takes:")
    inputs = table_of("column", "type", last="")
    for one in model["inputs"]:
        add_row(inputs, one["name"], one["type"], "" if one["required"] else "may be missing")
    print_table(inputs)
    click.echo("\nIt gives:")
    outputs = table_of("output", "type", last="meaning")
    for one in model["outputs"]:
        add_row(outputs, one["name"], one["type"], _meaning(one))
    print_table(outputs)
    if model.get("explained_by"):
        click.echo(f"\nIts scores can be explained (--explain): {model['explained_by']}")


def _meaning(output: dict[str, Any]) -> str:
    """What an output means, its range, and whether a job must ask for it."""
    meaning = output.get("meaning") or ""
    if output.get("of") is not None:
        meaning += f" of {output['of']}"
    least, most = output.get("minimum"), output.get("maximum")
    if least is not None and most is not None:
        meaning += f", from {least:g} to {most:g}"
    return meaning + (", on request (--outputs)" if output.get("on_request") else "")
