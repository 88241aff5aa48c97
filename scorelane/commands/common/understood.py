"""Prints what `add-model` has understood of a model: its inputs, its outputs, and its proof."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from scorelane.commands.common.row_values import row_values
from shared.signature import SCORE, Output, Signature

if TYPE_CHECKING:
    # Only for the type: it imports pandas.
    from training.add_model import Added

#: The most outputs that are printed.
_MOST_OUTPUTS = 25


def understood(added: "Added") -> dict[str, Any]:
    """What was understood, as a value of JSON."""
    signature = added.card.signature
    return {
        "model": added.card.full_name,
        "inputs": [
            one.model_dump() | {"source": added.sources.get(one.name)} for one in signature.inputs
        ],
        "outputs": [one.model_dump(exclude_none=True) for one in signature.outputs],
        "outputs_source": added.sources.get("outputs"),
        "scores": added.proof,
        "classes": added.classes or None,
        "examples": [{"inputs": given, "outputs": found} for given, found in added.examples],
        "notes": [*added.notes, *how_words_are_read(added.card.options)],
        "compared": [vars(one) for one in added.compared] or None,
        "kept_examples": len(added.kept.given) if added.kept is not None else 0,
    }


def print_understood(added: "Added") -> None:
    """Print the inputs and the outputs, where each is known from, and the proof."""
    signature = added.card.signature
    print_signature(signature, added.sources)
    for note in (*added.notes, *how_words_are_read(added.card.options)):
        click.echo(note)
    if added.proof:
        click.echo("Its scores of a few texts:")
        for text, score in added.proof.items():
            click.echo(f"  {score:.3f}  {text}")
    else:
        click.echo("What it gives for a few rows:")
        shown = [one.name for one in signature.default_outputs]
        for given, found in added.examples:
            chosen = {name: found[name] for name in shown}
            click.echo(f"  {row_values(given)} -> {row_values(chosen)}")
    if SCORE not in {one.name for one in signature.outputs}:
        return
    if added.classes:
        worth = ", ".join(f"{label}: {value:.3g}" for label, value in added.classes.items())
        click.echo(f"A score is the mean of what the classes are worth ({worth}).")
    else:
        low, high = added.card.options.get("target_range", (0, 1))
        click.echo(f"A score is the one number that the model gives, taken as {low:g} to {high:g}.")


def print_signature(signature: Signature, sources: Mapping[str, str]) -> None:
    """Print the inputs and the outputs, and where each is known from."""
    click.echo("It takes:")
    width = max(len(one.name) for one in signature.inputs)
    for one in signature.inputs:
        missing = "" if one.required else ", may be missing"
        source = f"  (from {sources[one.name]})" if one.name in sources else ""
        click.echo(f"  {one.name:{width}}  {one.type}{missing}{source}")
    source = f" (from {sources['outputs']})" if "outputs" in sources else ""
    click.echo(f"It gives{source}:")
    _print_outputs(signature.outputs)


def how_words_are_read(options: Mapping[str, Any]) -> list[str]:
    """Sentences on how a network gets the words of a text, by the options of its card."""
    if "truncating" not in options:
        return []
    unknown = options.get("unknown")
    lines = [f"Words are cut {_cutting(options)}."]
    if unknown is not None:
        what = "left out" if unknown == "drop" else f"the number {unknown}"
        lines.append(f"A word that is not in the index is {what}.")
    end = "its beginning" if options["truncating"] == "pre" else "its end"
    length = f" than {options['max_length']} words" if "max_length" in options else ""
    lines.append(f"A text that is longer{length} loses {end} (truncating={options['truncating']}).")
    if "padding" in options:
        place = "before" if options["padding"] == "pre" else "after"
        lines.append(f"Zeros fill up a short one {place} its words (padding={options['padding']}).")
    return lines


def _cutting(options: Mapping[str, Any]) -> str:
    """How a text is cut, such as `at spaces and each of '!?', in lower case`."""
    if "standardize" in options:
        return f"at white space, after standardize={options['standardize']}"
    if "token_pattern" in options:
        return f"by the pattern {options['token_pattern']}, in lower case"
    if options.get("char_level"):
        return "into characters"
    case = "in lower case" if options.get("lower", True) else "as they are written"
    filters = options.get("filters", "").replace("\t", "").replace("\n", "")
    at = f" and each of {filters}" if filters else ""
    return f"at spaces{at}, {case}"


def _print_outputs(outputs: Sequence[Output]) -> None:
    shown = outputs[:_MOST_OUTPUTS]
    width = max(len(one.name) for one in shown)
    for one in shown:
        request = ", on request" if one.on_request else ""
        click.echo(f"  {one.name:{width}}  {one.type}{request}")
    if len(outputs) > len(shown):
        click.echo(f"  and {len(outputs) - len(shown)} more")
