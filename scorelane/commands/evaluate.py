"""`scorelane evaluate`: how good models are on labelled rows, and which is better.

What it runs is imported inside: the libraries take seconds, and `scorelane --help` must not.
"""

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorelane.client.client import Client
from scorelane.commands import model_options

if TYPE_CHECKING:
    # Only for signatures, as above.
    from training.behaviour import Behaviour
    from training.side_by_side import Measured, Pair

#: How many characters of a text are shown.
_SHOWN = 40


@click.command(
    epilog="Example: scorelane evaluate reviews.csv --model mine --model fast",
)
@click.argument("files", nargs=-1, type=model_options.EXISTING_FILE, metavar="[DATA.csv]...")
@click.option(
    "--model",
    "models",
    multiple=True,
    help="A model's name, or its folder; several times, for several side by side.  [default: fast]",
)
@click.option("--against", help="One more model; the same as a second --model.")
@click.option(
    "--url", help="A service that runs, and serves the models.  [default: they are loaded here]"
)
@click.option(
    "--models-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of model folders.  [default: SCORELANE_MODELS_DIR]",
)
@click.option(
    "--split", type=click.Choice(["train", "dev", "test"]), help="Only rows of this split."
)
@click.option(
    "--behaviour",
    is_flag=True,
    help="Also try pairs of sentences: negation, intensity, contrast, names and so on.",
)
@model_options.detokenise
@model_options.as_json
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
) -> None:
    """Measure models on labelled CSV files, here or on a service that runs.

    Accuracy is over the negative and the positive rows, at a score of 0.5; neutral rows are left
    out, and counted. Graded labels (`score`, `label5`) also get correlations and errors. Every
    figure has its 95 % interval (bootstrap); of several models, every two are compared on the rows
    that only one has right (McNemar's exact test; Holm's method for several).
    """
    if not (files or behaviour):
        raise click.UsageError("Name a labelled CSV file, or ask for --behaviour.")
    wanted: list[str | None] = [*models, *([against] if against else [])]
    report: dict[str, Any] = {}
    with ExitStack() as closing:
        loaded = _loaded(wanted, models_dir, url, closing)
        if files:
            measured, pairs = _measure(loaded, files, split, detokenise=detokenise)
            report = {"models": measured, "pairs": pairs}
        if behaviour:
            from training.behaviour import behaviour_of  # noqa: PLC0415  see the module's docstring

            report["behaviour"] = {name: behaviour_of(model) for name, model in loaded.items()}
    if as_json:
        click.echo(json.dumps(_plain(report), indent=2))
        return
    if files:
        _print_figures(report["models"])
        _print_pairs(report["pairs"])
    if behaviour:
        _print_behaviour(report["behaviour"])


def _loaded(
    wanted: list[str | None], models_dir: Path | None, url: str | None, closing: ExitStack
) -> dict[str, Any]:
    """The models by their full names, each once."""
    if url:
        from scorelane.commands.served_model import ServedModel  # noqa: PLC0415  see the module's docstring

        client = closing.enter_context(Client(url))
        versions = {
            model["name"]: f"{model['name']}@{model['version']}" for model in client.models()
        }
        served = [ServedModel(client, name) for name in wanted or [None]]
        return {versions.get(one.name, one.name or "the default"): one for one in served}
    from shared.model import load_model  # noqa: PLC0415  see the module's docstring

    folders = [model_options.model_folder(name, models_dir) for name in wanted or [None]]
    return {model.card.full_name: model for model in map(load_model, folders)}


def _measure(
    loaded: dict[str, Any], files: tuple[Path, ...], split: str | None, *, detokenise: bool
) -> tuple[dict[str, "Measured"], list["Pair"]]:
    from training.data import read_labelled  # noqa: PLC0415  see the module's docstring
    from training.evaluate import check_rows, scores_of  # noqa: PLC0415
    from training.side_by_side import measure, pairs_of  # noqa: PLC0415

    labelled = read_labelled(files, detokenise=detokenise)
    if split:
        labelled = labelled[labelled["split"] == split]
    check_rows(labelled)
    labels = labelled["score"].to_numpy(dtype=float)
    scores = {name: scores_of(model, labelled) for name, model in loaded.items()}
    measured = {name: measure(of_model, labels) for name, of_model in scores.items()}
    return measured, pairs_of(scores, labels)


def _plain(report: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    if "models" in report:
        plain["models"] = [
            {"model": name, **measured.figures, "intervals": measured.intervals}
            for name, measured in report["models"].items()
        ]
        plain["pairs"] = [asdict(pair) for pair in report["pairs"]]
    for name, behaviour in report.get("behaviour", {}).items():
        wrong = behaviour.wrong.to_dict("records")
        about = {"right": behaviour.right, "failures": behaviour.failures, "wrong": wrong}
        plain.setdefault("behaviour", []).append({"model": name, **about})
    return plain


def _print_figures(measured: dict[str, "Measured"]) -> None:
    from rich.console import Console  # noqa: PLC0415  see the module's docstring
    from rich.table import Table  # noqa: PLC0415

    table = Table("figure")
    for name in measured:
        table.add_column(name, justify="right")
    for figure in next(iter(measured.values())).figures:
        cells = [_cell(one, figure) for one in measured.values()]
        table.add_row(figure.replace("_", " "), *cells)
    Console().print(table)


def _cell(measured: "Measured", figure: str) -> str:
    value = measured.figures.get(figure)
    if value is None:
        return ""
    if figure in ("rows", "neutral_left_out"):
        return f"{value:,.0f}"
    if figure not in measured.intervals:
        return f"{value:.4f}"
    least, most = measured.intervals[figure]
    return f"{value:.4f}  {least:.3f} to {most:.3f}"


def _print_pairs(pairs: list["Pair"]) -> None:
    for pair in pairs:
        least, most = pair.interval
        click.echo(
            f"{pair.first} is right {pair.difference:.2%} more often than {pair.second} "
            f"({least:+.2%} to {most:+.2%}), p = {pair.p:.2g}: "
            + ("no chance." if pair.p < 0.05 else "it may be chance.")
        )


def _print_behaviour(behaviours: dict[str, "Behaviour"]) -> None:
    from rich.console import Console  # noqa: PLC0415  see the module's docstring
    from rich.table import Table  # noqa: PLC0415

    table = Table("pairs that are wrong")
    for name in behaviours:
        table.add_column(name, justify="right")
    for kind in next(iter(behaviours.values())).failures:
        table.add_row(kind, *(f"{one.failures[kind]:.0%}" for one in behaviours.values()))
    table.add_row("all", *(f"{1 - one.right:.0%}" for one in behaviours.values()))
    Console().print(table)
    for name, one in behaviours.items():
        click.echo(f"Wrong by {name}:")
        for row in one.wrong.to_dict("records"):
            first, second = (_short(str(row[key])) for key in ("first", "second"))
            click.echo(
                f"  {row['first_score']:.2f} {first}  {row['second_score']:.2f} {second}"
                f"  ({row['expected']})"
            )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
