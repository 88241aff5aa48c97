"""The options of `add-model` that say what a new model is compared with."""

from typing import TYPE_CHECKING, Any

import click

from scorelane.commands.common import options
from shared.errors.input import BadOption

if TYPE_CHECKING:
    # Only for the type: it imports pandas.
    from training.add_model import Proof

_OPTIONS = (
    click.option(
        "--expect",
        type=options.EXISTING_FILE,
        help="A CSV, TSV or NDJSON file of your own script, with rows and with what your model "
        "gives for them, in columns that are called like the outputs. If the model gives anything "
        "else here, it is not added.",
    ),
    click.option(
        "--expect-column",
        multiple=True,
        metavar="NAME[=OUTPUT]",
        help="--expect: the column with the values of an output. Repeat it for several.  [default: "
        "those with the outputs' names, or usual ones]",
    ),
    click.option(
        "--rename",
        multiple=True,
        metavar="NAME:INPUT",
        help="--expect: the column with the values of an input, if it has another name.",
    ),
    click.option(
        "--delimiter",
        help="--expect: the character between the cells.  [default: a tab in a .tsv, otherwise ,]",
    ),
    click.option(
        "--decimal",
        type=click.Choice([".", ","]),
        help="--expect: the decimal sign of numbers.  [default: .]",
    ),
    click.option(
        "--no-examples",
        is_flag=True,
        help="Store no rows with the model. By default 20 rows and their outputs are, and workers "
        "check with them that their libraries give the same.",
    ),
)


def proof_options(command: Any) -> Any:
    """Add the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def proof_of(given: dict[str, Any]) -> "Proof":
    """Take the options out of those of a command, and return what they say.

    Raises:
        shared.errors.input.BadOption: one of them is without `--expect`, or in another form.
    """
    from training.add_model import Proof  # noqa: PLC0415  see model_options

    expect, keeps_examples = given.pop("expect"), not given.pop("no_examples")
    about = {name: given.pop(name) for name in ("expect_column", "rename", "delimiter", "decimal")}
    if expect is None:
        for name, value in about.items():
            if value:
                reason = "it is about the file of --expect, which is not given"
                raise BadOption(option=name, value=",".join(value), reason=reason)
        return Proof(keeps_examples=keeps_examples)
    from scorelane.commands.common.scored_file import ScoredFile  # noqa: PLC0415  as above

    file = ScoredFile(
        expect,
        delimiter=about["delimiter"],
        decimal=about["decimal"] or ".",
        rename=dict(_renamed(pair) for pair in about["rename"]),
    )
    return Proof(file, about["expect_column"], keeps_examples=keeps_examples)


def _renamed(pair: str) -> tuple[str, str]:
    name, colon, new = pair.rpartition(":")
    if not (name and colon and new):
        reason = "write the file's name and the model's, as in Age:age"
        raise BadOption(option="rename", value=pair, reason=reason)
    return name, new
