"""`scorelane traffic`: the shares of a champion's work that its challenger gets."""

import json

import click

from scorelane.commands.common import options
from scorelane.commands.common.harmless import harmless

_SHARE = click.FloatRange(0, 1)


@click.command(epilog="Example: scorelane traffic mine --canary 0.1")
@click.argument("name")
@click.option(
    "--canary",
    type=_SHARE,
    metavar="SHARE",
    help="Of new jobs and questions: the challenger scores them in place of the champion.",
)
@click.option(
    "--shadow",
    type=_SHARE,
    metavar="SHARE",
    help="Of new bulk jobs: the challenger scores them too, after their end, and apart.",
)
@options.url
@options.as_json
def traffic(name: str, canary: float | None, shadow: float | None, url: str, as_json: bool) -> None:
    """Show or change the shares of the challenger of model NAME.

    They end when the alias `challenger` moves to another version. A canary share is sticky by
    owner, or by a key that requests give.
    """
    with options.client(url) as client:
        found = client.traffic(name, canary=canary, shadow=shadow)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    champion = found["champion"] or "(the version announced last)"
    click.echo(harmless(f"champion    {name}@{champion}"))
    click.echo(harmless(f"challenger  {found['challenger'] or 'none'}"))
    click.echo(f"canary      {found['canary']:.2%} of new jobs and questions")
    click.echo(f"shadow      {found['shadow']:.2%} of new bulk jobs")
    if found["note"]:
        click.echo(harmless(f"At present it gets nothing. {found['note']}"))
