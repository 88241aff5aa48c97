"""`scorelane models`: the models that a service serves."""

import json

import click
from rich.text import Text

from scorelane.commands import options
from scorelane.commands.tables import print_table, table_of


@click.command()
@options.url
@options.as_json
def models(url: str, as_json: bool) -> None:
    """List the models of a service."""
    with options.client(url) as client:
        found = client.models()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = table_of("model", "version", "format", right=("rows/s", "processes"))
    table.add_column("description")
    for model in found:
        name = f"{model['name']} (default)" if model["default"] else model["name"]
        rate, processes = f"{model['rows_per_second']:,.0f}", str(model["processes"])
        table.add_row(
            name, model["version"], model["format"], rate, processes, Text(model["description"])
        )
    print_table(table)
