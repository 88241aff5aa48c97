"""`scorelane remove`: withdraw a version of a model from service."""

import click

from scorelane.commands.common import options
from scorelane.commands.common.model_changes import model_version, print_change, who


@click.command()
@model_version
@click.option(
    "--force",
    is_flag=True,
    help="Also if jobs wait for it, which then fail, or if the bare name of the model means it.",
)
@options.url
@options.as_json
def remove(model: str, force: bool, url: str, as_json: bool) -> None:
    """Withdraw a version of a model from service: it gets no new work.

    Workers unload it when no job needs it any more. Its folder stays where they have it.
    """
    with options.client(url) as client:
        print_change(client.remove_version(model, force=force, by=who()), as_json=as_json)
