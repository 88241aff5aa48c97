"""The commands that make models: `train`, `add-model`, `compile`.

What they run is imported inside them: TensorFlow takes seconds, and `scorelane --help` must not.
"""

import json
from pathlib import Path
from typing import Any

import click

from scorelane.commands import model_options
from shared.config.settings import load_settings
from shared.errors.input import BadOption
from shared.model import Card


@click.command("train", epilog="Example: scorelane train reviews.csv --kind fast --name mine")
@click.argument(
    "files", nargs=-1, required=True, type=model_options.EXISTING_FILE, metavar="DATA.csv..."
)
@click.option(
    "--kind",
    type=click.Choice(["fast", "deep"]),
    default="fast",
    show_default=True,
    help="fast: TF-IDF and logistic regression (.pkl). deep: bidirectional LSTM (.hdf5).",
)
@model_options.name
@model_options.output
@click.option("--seed", default=0, show_default=True, help="The same seed, the same model.")
@click.option(
    "--epochs",
    default=12,
    show_default=True,
    type=click.IntRange(min=1),
    help="The most epochs of a deep model; it stops when two bring no better accuracy.",
)
@click.option(
    "--teachers",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Train so many models first, for the deep one to learn from: better, and as much slower.",
)
@click.option(
    "--vectors",
    type=model_options.EXISTING_FILE,
    help="Word vectors of 100 numbers for a deep model to begin with, in GloVe's form.",
)
@model_options.detokenise
@model_options.description
@click.option(
    "--report/--no-report",
    default=True,
    show_default=True,
    help="Write report/index.html beside the model; it quotes texts. Plots need scorelane[report].",
)
@model_options.force
@model_options.as_json
def train(
    files: tuple[Path, ...], name: str, output: Path | None, as_json: bool, **options: Any
) -> None:
    """Train a model from labelled CSV files (.csv or .csv.gz).

    Each needs a column `text` and a label: `score` (0 to 1), `label5` (0 to 4) or `label` (0 and 1,
    or negative, neutral, positive). A column `split` (train, dev, test) says which rows choose what
    is kept (dev), and which the model is measured on (test; dev, where there are none); without it
    a tenth of the texts is drawn.
    """
    from rich.console import Console  # noqa: PLC0415  see the module's docstring
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from scoring.keras_model import COMPILED_FIGURE  # noqa: PLC0415
    from training.options import TrainingOptions  # noqa: PLC0415
    from training.train import train as run  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as display:
        task = display.add_task("starting", total=1.0)
        card = run(
            files,
            TrainingOptions(name=name, output=output or load_settings().models_dir, **options),
            progress=lambda step, share: display.update(task, description=step, completed=share),
        )
    if as_json:
        click.echo(card.model_dump_json(indent=2))
        return
    click.echo(f"{card.full_name} is in {(output or load_settings().models_dir) / name}.")
    _say_compiled(card)
    figures = {key: value for key, value in card.figures.items() if key != COMPILED_FIGURE}
    _print_figures("On the rows kept for measuring", figures)
    if options["report"]:
        click.echo(f"More of it: {(output or load_settings().models_dir) / name}/report/index.html")


@click.command("add-model", epilog="Example: scorelane add-model my.pkl --name mine")
@click.argument("file", type=model_options.EXISTING_FILE)
@model_options.name
@model_options.output
@click.option(
    "--word-index",
    type=model_options.EXISTING_FILE,
    help="Keras: the JSON of word -> number of its training.",
)
@click.option(
    "--class-values",
    help="One number in 0..1 per class, in the model's order, by comma: 0,0.5,1.",
)
@click.option("--positive", metavar="LABEL", help="scikit-learn: the label of the positive class.")
@click.option(
    "--max-length",
    type=click.IntRange(min=1),
    help="Keras: words read of a text, where the model's input length is open.",
)
@click.option(
    "--padding", type=click.Choice(["post", "pre"]), help="Keras: where zeros go.  [default: post]"
)
@click.option(
    "--token-pattern", help="Keras: a regular expression for one lower-cased word of the index."
)
@model_options.description
@model_options.force
@model_options.as_json
def add_model(
    file: Path,
    name: str,
    output: Path | None,
    class_values: str | None,
    description: str,
    force: bool,
    as_json: bool,
    **meaning: Any,
) -> None:
    """Bring your own model: a fitted scikit-learn pipeline, or a Keras model.

    FILE ends in .pkl or .joblib (a pipeline that takes texts, with predict_proba), or in .hdf5, .h5
    or .keras (a model that takes word numbers). It is copied, loaded and tried on a few texts.

    A pickle is code, and loading it runs that code, here and in every worker: add only files that
    you trust.
    """
    from training.add_model import Meaning  # noqa: PLC0415  see the module's docstring
    from training.add_model import add_model as run  # noqa: PLC0415

    folder = output or load_settings().models_dir
    added = run(
        file,
        name=name,
        output=folder,
        meaning=Meaning(class_values=_numbers(class_values), **meaning),
        description=description,
        force=force,
    )
    if as_json:
        click.echo(json.dumps({"model": added.card.full_name, "scores": added.proof}, indent=2))
        return
    click.echo(f"{added.card.full_name} is in {folder / name}. It scores:")
    for text, score in added.proof.items():
        click.echo(f"  {score:.3f}  {text}")
    _say_compiled(added.card)


@click.command("compile", epilog="Example: scorelane compile mine")
@click.argument("model")
@click.option(
    "--models-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of model folders.  [default: SCORELANE_MODELS_DIR]",
)
def compile_(model: str, models_dir: Path | None) -> None:
    """Compile a Keras model anew, so that it is served without TensorFlow, and much faster.

    MODEL is a model's name, or its folder. `train` and `add-model` compile by themselves; this is
    for a folder that was made before they did.
    """
    from training.onnx.compile import compile_model  # noqa: PLC0415  see the module's docstring

    folder = model_options.model_folder(model, models_dir)
    card = compile_model(folder)
    click.echo(f"{card.full_name} is in {folder}.")
    if not _say_compiled(card):
        raise SystemExit(1)


def _say_compiled(card: Card) -> bool:
    """Say how exact a compiled model is; false, if it is not one."""
    from scoring.keras_model import COMPILED_FIGURE  # noqa: PLC0415  see the module's docstring

    if (difference := card.figures.get(COMPILED_FIGURE)) is None:
        return False
    click.echo(
        f"It is compiled: ONNX Runtime runs it, and its scores differ by {difference:.1g} at most "
        "from TensorFlow's."
    )
    return True


def _numbers(by_comma: str | None) -> list[float] | None:
    if by_comma is None:
        return None
    try:
        return [float(number) for number in by_comma.split(",")]
    except ValueError as error:
        raise BadOption(
            option="class-values", value=by_comma, reason="write numbers by comma, as in 0,0.5,1"
        ) from error


def _print_figures(title: str, figures: dict[str, float]) -> None:
    from rich.console import Console  # noqa: PLC0415  see the module's docstring
    from rich.table import Table  # noqa: PLC0415

    table = Table("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        whole = name.split(".")[-1] in ("rows", "neutral_left_out")
        table.add_row(name.replace("_", " "), f"{value:,.0f}" if whole else f"{value:.4f}")
    click.echo(f"{title}:")
    Console().print(table)
