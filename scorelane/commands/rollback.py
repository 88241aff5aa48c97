"""`scorelane rollback`: go back to the former champion of a model."""

import click

from scorelane.client.calls.versions import CHAMPION
from scorelane.commands.common import options
from scorelane.commands.common.model_changes import print_change, who


@click.command()
@click.argument("model", metavar="MODEL")
@options.url
@options.as_json
def rollback(model: str, url: str, as_json: bool) -> None:
    """Make the version that was the champion before the champion again.

    Each further rollback goes back by one more. `scorelane promote MODEL@VERSION` goes to any
    version.
    """
    with options.client(url) as client:
        # What it leaves is named, so that it never goes back twice.
        expected = next(
            (
                str(one["version"])
                for one in client.versions()
                if one["name"] == model and CHAMPION in one["aliases"]
            ),
            None,
        )
        print_change(client.rollback(model, expected=expected, by=who()), as_json=as_json)
