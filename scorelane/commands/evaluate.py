"""`scorelane evaluate`: how good models are on labelled rows, and which is better.

The libraries that it runs are imported in the functions: they take seconds.
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from scorelane.client.client import Client
from scorelane.client.signature import SCORE, SENTIMENT, named, signatures_of
from scorelane.commands.common import model_options, options
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.harmless import one_line
from scorelane.commands.common.tables import print_table
from scorelane.commands.common.tensorflow_lines import without_tensorflow_lines

if TYPE_CHECKING:
    # Only for signatures.
    from training.behaviour import Behaviour
    from training.side_by_side import Measured, Pair

#: How many characters of a text are shown.
_TEXT_CHARS = 40


@click.command(
    epilog="Example: scorelane evaluate reviews.csv --model mine --model fast",
)
@click.argument("files", nargs=-1, type=options.EXISTING_FILE, metavar="[DATA.csv]...")
@click.option(
    "--model",
    "models",
    multiple=True,
    help="A model's name, or its folder; repeat the option to compare models.  [default: fast]",
)
@click.option("--against", metavar="MODEL", help="One more model, like another --model.")
@click.option(
    "--url",
    help="The address of a service that serves the models.  [default: load the models here]",
)
@model_options.models_dir
@click.option(
    "--split",
    type=click.Choice(["train", "dev", "test"]),
    help="Measure only on the rows of this split.",
)
@click.option(
    "--behaviour",
    is_flag=True,
    help="Also score pairs of sentences that differ in one thing: negation, intensity, contrast, "
    "names and so on.",
)
@model_options.reading_options
@model_options.detokenise
@options.as_json
def evaluate(
    files: tuple[Path, ...],
    models: tuple[str, ...],
    against: str | None,
    url: str | None,
    models_dir: Path | None,
    split: str | None,
    behaviour: bool,
    detokenise: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Measure models on labelled CSV files, here or on a running service.

    Accuracy is the share of rows on the right side of a score of 0.5; neutral rows are left out of
    it, and counted. Graded labels (`score`, `label5`) also give correlations and errors. Each
    figure has a 95 % interval (bootstrap). Every two models are compared on the rows that only one
    of them gets right (McNemar's exact test, with Holm's correction for several pairs).
    """
    if not (files or behaviour):
        raise click.UsageError("Name a labelled CSV file, or give --behaviour.")
    wanted: list[str | None] = [*models, *([against] if against else [])]
    report: dict[str, Any] = {}
    with ExitStack() as closing:
        closing.enter_context(without_tensorflow_lines())
        loaded = _load(wanted, models_dir, url, closing)
        if files:
            measured, pairs = _measure(loaded, files, split, reading, detokenise=detokenise)
            report = {"models": measured, "pairs": pairs}
        if behaviour:
            from training.behaviour import behaviour_of  # noqa: PLC0415  see the module's docstring

            report["behaviour"] = {name: behaviour_of(model) for name, model in loaded.items()}
    if as_json:
        click.echo(json.dumps(_as_json(report), indent=2))
        return
    if files:
        _print_figures(report["models"])
        _print_pairs(report["pairs"])
    if behaviour:
        _print_behaviour(report["behaviour"])


def _load(
    wanted: list[str | None], models_dir: Path | None, url: str | None, closing: ExitStack
) -> dict[str, Any]:
    """The models to measure, by their full names; they are loaded here, or served at `url`."""
    if url:
        from scorelane.commands.common.served_model import ServedModel  # noqa: PLC0415  see the module's docstring

        client = closing.enter_context(Client(url))
        models = client.models()
        versions = {model["name"]: f"{model['name']}@{model['version']}" for model in models}
        signatures = signatures_of(models, client.versions())
        for name in wanted or [None]:
            # The service refuses a model that it does not have.
            known = (named(signatures, name) if name else signatures.get(None)) or SENTIMENT
            _check_signature(name or "the default model", known.inputs, known.outputs)
        served = [ServedModel(client, name) for name in wanted or [None]]
        return {versions.get(model.name, model.name or "the default"): model for model in served}
    from shared.model import load_model  # noqa: PLC0415  see the module's docstring

    folders = [model_options.model_folder(name, models_dir) for name in wanted or [None]]
    loaded = {model.card.full_name: model for model in map(load_model, folders)}
    for full_name, one in loaded.items():
        _check_signature(full_name, one.card.signature.inputs, one.card.signature.outputs)
    return loaded


def _check_signature(name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Refuse a model that does not give a sentiment score for a text."""
    taken, given = ([one.name for one in columns] for columns in (inputs, outputs))
    if [one.type for one in inputs] != ["string"] or SCORE not in given:
        raise Mistake(
            f"`scorelane evaluate` measures models that give a {SCORE} for a text, and {name} "
            f"takes {', '.join(taken)} and gives {', '.join(given)}. Score a labelled file with "
            "`scorelane score --columns LABEL`, and compare the columns of its results."
        )


def _measure(
    loaded: dict[str, Any],
    files: tuple[Path, ...],
    split: str | None,
    reading: dict[str, Any],
    *,
    detokenise: bool,
) -> tuple[dict[str, "Measured"], list["Pair"]]:
    from training.data import read_labelled  # noqa: PLC0415  see the module's docstring
    from training.evaluate import check_rows, scores_of  # noqa: PLC0415
    from training.labelled_cells import Reading  # noqa: PLC0415
    from training.side_by_side import measure, pairs_of  # noqa: PLC0415

    labelled = read_labelled(files, detokenise=detokenise, reading=Reading(**reading))
    if split:
        labelled = labelled[labelled["split"] == split]
    check_rows(labelled)
    labels = labelled["score"].to_numpy(dtype=float)
    scores = {name: scores_of(model, labelled) for name, model in loaded.items()}
    measured = {name: measure(of_model, labels) for name, of_model in scores.items()}
    return measured, pairs_of(scores, labels)


def _as_json(report: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if "models" in report:
        result["models"] = [
            {"model": name, **measured.figures, "intervals": measured.intervals}
            for name, measured in report["models"].items()
        ]
        result["pairs"] = [asdict(pair) for pair in report["pairs"]]
    for name, behaviour in report.get("behaviour", {}).items():
        wrong = behaviour.wrong.to_dict("records")
        about = {"right": behaviour.right, "failures": behaviour.failures, "wrong": wrong}
        result.setdefault("behaviour", []).append({"model": name, **about})
    return result


def _print_figures(measured: dict[str, "Measured"]) -> None:
    table = Table("figure")
    for name in measured:
        table.add_column(name, justify="right", no_wrap=True)
    for figure in next(iter(measured.values())).figures:
        cells = [_cell(of_model, figure) for of_model in measured.values()]
        table.add_row(figure.replace("_", " "), *cells)
    print_table(table)


def _cell(measured: "Measured", figure: str) -> str:
    value = measured.figures.get(figure)
    if value is None:
        return ""
    if figure in ("rows", "neutral_left_out"):
        return f"{value:,.0f}"
    if figure not in measured.intervals:
        return f"{value:.4f}"
    low, high = measured.intervals[figure]
    return f"{value:.4f}  {low:.3f} to {high:.3f}"


def _print_pairs(pairs: list["Pair"]) -> None:
    for pair in pairs:
        low, high = pair.interval
        click.echo(
            f"{pair.first} is right {pair.difference:.2%} more often than {pair.second} "
            f"({low:+.2%} to {high:+.2%}), p = {pair.p:.2g}: "
            + ("significant." if pair.p < 0.05 else "not significant.")
        )


def _print_behaviour(behaviours: dict[str, "Behaviour"]) -> None:
    table = Table("share of wrong pairs")
    for name in behaviours:
        table.add_column(name, justify="right", no_wrap=True)
    for kind in next(iter(behaviours.values())).failures:
        table.add_row(kind, *(f"{one.failures[kind]:.0%}" for one in behaviours.values()))
    table.add_row("all", *(f"{1 - one.right:.0%}" for one in behaviours.values()))
    print_table(table)
    for name, one in behaviours.items():
        click.echo(f"Wrong by {name}:")
        for row in one.wrong.to_dict("records"):
            first, second = (_short(str(row[key])) for key in ("first", "second"))
            click.echo(
                f"  {row['first_score']:.2f} {first}  {row['second_score']:.2f} {second}"
                f"  ({row['expected']})"
            )


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _TEXT_CHARS else text[: _TEXT_CHARS - 1] + "…"
