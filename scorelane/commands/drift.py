"""`scorelane drift`: how far the last day's rows of a model are from its reference."""

import json

import click

from scorelane.commands.common import options
from scorelane.commands.common.drift_lines import drift_table, drift_words
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.reach_lines import reach_lines
from scorelane.commands.common.tables import print_table


@click.command(epilog="Example: scorelane drift mine@champion")
@click.argument("name")
@options.url
@options.as_json
def drift(name: str, url: str, as_json: bool) -> None:
    """Compare the last day's rows of model NAME with those that it was made for.

    NAME may be `mine`, `mine@3f2a` or `mine@champion`. `scorelane summary` compares one job.
    """
    with options.client(url) as client:
        found = client.drift(name)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(harmless(f"{found['model']}@{found['version']}, the last 24 hours"))
    for line in drift_words(found):
        click.echo(line)
    if found["columns"]:
        click.echo()
        print_table(drift_table(found))
    for line in reach_lines(found):
        click.echo(line)
