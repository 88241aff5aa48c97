"""`scorelane models`: the models that a service serves, and what they take and give."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from scorelane.client.client import Client
from scorelane.commands.common import options
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.tables import add_row, print_table, table_of


@click.command()
@click.argument("name", required=False)
@click.option("--audit", is_flag=True, help="Show who has changed the versions of NAME, and when.")
@options.url
@options.as_json
def models(name: str | None, audit: bool, url: str, as_json: bool) -> None:
    """List the versions of the models of a service, and the models that it cannot serve.

    With NAME (or NAME@VERSION, NAME@ALIAS), show the columns that this model takes, and those that
    it gives. The version that the bare name means has a star.
    """
    with options.client(url) as client:
        if audit:
            _print_audit(client, name, as_json=as_json)
            return
        found, failed = client.models(), client.failed_models()
        declined = client.declined_models()
        # An older service lists no versions.
        versions = client.versions() or [one | {"current": True} for one in found]
    if name is not None:
        _print_model(_named(name, found, versions, failed), as_json=as_json)
        return
    if as_json:
        click.echo(json.dumps(versions, indent=2))
        return
    table = table_of(
        "model",
        "version",
        "aliases",
        right=("processes", "rows/s", "rows", "last use"),
        last="description",
    )
    for one in versions:
        add_row(table, _name_of(one), *_cells(one))
    print_table(table)
    for line in declined_lines(declined):
        click.echo(harmless(line), err=True)
    for failed_name, reason in failed.items():
        click.echo(harmless(f"{failed_name} is not served: {reason}"), err=True)


def declined_lines(declined: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What workers leave to others, as `GET /models` has it."""
    for one in declined:
        workers = "1 worker leaves" if one["workers"] == 1 else f"{one['workers']:,} workers leave"
        name = f"{one['name']}@{one['version']}"
        yield f"{workers} {name} to others: {one['reason']}."


def _environment(one: Mapping[str, Any]) -> str:
    """Which workers serve a version, as the end of a sentence."""
    count = "1 worker" if one["workers"] == 1 else f"{one['workers']:,} workers"
    versions = ", ".join(f"{name} {number}" for name, number in one["libraries"].items())
    return f"{count} with {versions}" if versions else count


def _cells(one: dict[str, Any]) -> list[str]:
    """The cells of a version after its name."""
    rows, last_used = one.get("rows"), one.get("last_used")
    return [
        f"{one['version']}{'*' if one['current'] else ''}",
        ", ".join(one.get("aliases", ())),
        str(one["processes"]),
        f"{one['rows_per_second']:,.0f}",
        "" if rows is None else f"{rows:,}",
        "" if last_used is None else f"{last_used[:10]} {last_used[11:16]}",
        one["description"],
    ]


def _print_audit(client: Client, name: str | None, *, as_json: bool) -> None:
    if name is None:
        raise click.UsageError("--audit needs the NAME of a model.")
    changes = client.model_changes(name.partition("@")[0])
    if as_json:
        click.echo(json.dumps(changes, indent=2))
        return
    table = table_of("when", "action", "alias", "from", "to", last="by")
    for one in changes:
        words = (one[key] or "" for key in ("action", "alias", "before", "after", "by"))
        add_row(table, one["at"], *words)
    print_table(table)


def _named(
    name: str,
    found: list[dict[str, Any]],
    versions: list[dict[str, Any]],
    failed: dict[str, str],
) -> dict[str, Any]:
    for model in found:
        if model["name"] == name:
            # The same with more of it, if the service is not an older one.
            full_name = (name, model["version"])
            return next(
                (one for one in versions if (one["name"], one["version"]) == full_name), model
            )
    model_name, sign, wanted = name.partition("@")
    there = [one for one in versions if one["name"] == model_name and sign and wanted]
    same = [one for one in there if wanted in (one["version"], *one.get("aliases", ()))]
    same = same or [one for one in there if one["version"].startswith(wanted)]
    if len(same) == 1:
        return same[0]
    if len(same) > 1:
        candidates = ", ".join(f"{model_name}@{one['version']}" for one in same)
        raise Mistake(f"'{name}' may be any of {candidates}. Write more digits of the version.")
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
    if model.get("served_by"):
        workers = "; ".join(map(_environment, model["served_by"]))
        click.echo(harmless(f"Served by {workers}"))
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
