"""`scorelane key`: a new API key."""

import click

from api.security.keys import Scope, new_key


@click.command()
@click.argument("owner")
@click.option(
    "--scopes",
    default=f"{Scope.SUBMIT},{Scope.READ}",
    show_default=True,
    metavar="SCOPE,...",
    help=f"What the key is for, separated by commas: {', '.join(Scope)}.",
)
@click.option(
    "--rows-per-day",
    type=click.IntRange(1, 999_999_999_999),
    metavar="N",
    help="A budget: the key may have N rows scored on a day (UTC). Default: no limit.",
)
def key(owner: str, scopes: str, rows_per_day: int | None) -> None:
    r"""Make an API key for OWNER. Only OWNER can see the jobs that are submitted with it.

    The key goes to stdout, and is stored nowhere. A line with the key's hash goes to stderr: append
    it to the file that SCORELANE_API_KEYS_FILE names, where it takes effect at once. An owner may
    have several keys, so that an old key can be replaced.

    \b
    Examples:
      scorelane key alice 2>>keys.txt
      scorelane key night-job --scopes submit
      scorelane key trial --rows-per-day 100000 2>>keys.txt
    """
    new, line = new_key(owner, scopes, rows_per_day)
    click.echo(new)
    click.echo(line, err=True)
