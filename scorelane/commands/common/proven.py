"""Prints what a new model was compared with, how fast it is, and how to try it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorelane.commands.common.until_served import try_it

if TYPE_CHECKING:
    # Only for the type: it imports pandas.
    from training.add_model import Added

#: The most characters of a text in the call.
_MOST_TEXT = 60


def print_proof(added: "Added", rate: float, expect: Path | None) -> None:
    """Print the comparison and the rate.

    Args:
        added: the new model.
        rate: the rows per second that it scores in one process.
        expect: the file that it was compared with; None without one.
    """
    if added.compared and expect is not None:
        click.echo(f"Compared with {expect}: {added.compared[0].rows:,} rows, all equal.")
        for one in added.compared:
            which = f"{one.output} with the column {one.column}"
            if one.guessed:
                which += " (by its usual name; --expect-column names another)"
            within = ""
            if one.allowed:
                digits = ", as its digits tell" if one.allowed > 2e-5 else ""
                within = f": at most {one.largest:.1g} apart ({one.allowed:.1g} allowed{digits})"
            click.echo(f"  {which}{within}")
        if added.unused:
            click.echo(f"  not compared, and no input: {', '.join(added.unused)}")
    else:
        click.echo(
            "Nothing was compared: whether these are the numbers of your own script is not known. "
            "Compare with --expect scored.csv."
        )
    if added.kept is not None:
        click.echo(
            f"{len(added.kept.given)} rows with their outputs are stored with the model, to be "
            "checked wherever it is loaded (--no-examples stores none)."
        )
    click.echo(f"It scores about {rounded(rate):,} rows a second in one process of this machine.")


def print_calls(added: "Added", url: str, model: str, *, err: bool = False) -> None:
    """Print calls to try a new model.

    Args:
        added: the new model.
        url: the address of the service.
        model: its name, perhaps with a version.
        err: whether to print to stderr.
    """
    given = _short(added.examples[0][0]) if added.examples else {}
    click.echo(f"  scorelane score FILE --model {model}", err=err)
    click.echo(f"  {try_it(url, model, given)}", err=err)


def rounded(rate: float) -> int:
    """A rate with two digits that count."""
    whole = max(1, round(rate))
    return round(whole, 2 - len(str(whole)))


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value[:_MOST_TEXT] if isinstance(value, str) else value for name, value in row.items()
    }
