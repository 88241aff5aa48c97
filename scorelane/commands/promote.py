"""`scorelane promote`: choose the version that a name of a model means."""

import click

from scorelane.client.calls.versions import CHAMPION
from scorelane.commands.common import options
from scorelane.commands.common.model_changes import model_version, print_change, who


@click.command()
@model_version
@click.option(
    "--as",
    "alias",
    metavar="ALIAS",
    default=CHAMPION,
    show_default=True,
    help="The alias that points at the version from now on; it may be new.",
)
@options.url
@options.as_json
def promote(model: str, alias: str, url: str, as_json: bool) -> None:
    r"""Make a version of a model the champion, so that the bare name of the model means it.

    The version may be written as the first digits of it, or as an alias. New requests get it within
    a second; jobs keep the version that they were accepted with.

    \b
    scorelane promote mine@3f2a --as challenger
    scorelane promote mine@challenger
    """
    with options.client(url) as client:
        print_change(client.promote(model, alias, by=who()), as_json=as_json)
