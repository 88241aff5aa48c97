"""`scorelane key`: a new API key."""

import click

from api.security.keys import Scope, new_key


@click.command()
@click.argument("owner")
@click.option(
    "--scopes",
    default=f"{Scope.SUBMIT},{Scope.READ}",
    show_default=True,
    help=f"What it is for, by comma: {', '.join(Scope)}.",
)
def key(owner: str, scopes: str) -> None:
    r"""Make an API key for OWNER, who alone sees the jobs that are sent with it.

    The key goes to stdout, once: it is stored nowhere. The line goes to stderr; put it into the
    file that SCORELANE_API_KEYS_FILE names, where it takes effect at once. An owner may have
    several keys, so that an old one can be replaced.

    \b
    Examples:
      scorelane key alice 2>>keys.txt
      scorelane key night-job --scopes submit
    """
    made, line = new_key(owner, scopes)
    click.echo(made)
    click.echo(line, err=True)
