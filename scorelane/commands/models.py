"""`scorelane models`: the models that a service serves."""

import json

import click

from scorelane.commands.common import options
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.tables import add_row, print_table, table_of


@click.command()
@options.url
@options.as_json
def models(url: str, as_json: bool) -> None:
    """List the models of a service, and those that it cannot serve."""
    with options.client(url) as client:
        found, failed = client.models(), client.failed_models()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = table_of(
        "model", "version", "format", right=("rows/s", "processes"), last="description"
    )
    for model in found:
        name = f"{model['name']} (default)" if model["default"] else model["name"]
        rate, processes = f"{model['rows_per_second']:,.0f}", str(model["processes"])
        about = model["version"], model["format"], rate, processes, model["description"]
        add_row(table, name, *about)
    print_table(table)
    for name, reason in failed.items():
        click.echo(harmless(f"{name} is not served: {reason}"), err=True)
