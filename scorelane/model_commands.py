"""The commands that make and measure models: `train`, `evaluate`, `add-model`, `compile`.

What they run is imported inside them: TensorFlow takes seconds, and `scorelane --help` must not.
"""

import json
from pathlib import Path
from typing import Any

import click

from shared.errors import BadOption, NoModelFolder
from shared.model import Card
from shared.settings import load_settings

_EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_NAME = click.option("--name", required=True, help="Lower-case letters, digits, - and _.")
_OUTPUT = click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of model folders.  [default: the one that is served, SCORELANE_MODELS_DIR]",
)
_FORCE = click.option("--force", is_flag=True, help="Replace a model of that name.")
_DESCRIPTION = click.option("--description", default="", help="A sentence for the model's card.")
_DETOKENISE = click.option(
    "--detokenise",
    is_flag=True,
    help="The texts are Treebank-tokenised (it 's `` good '' .): undo that first.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


@click.command("train", epilog="Example: scorelane train reviews.csv --kind fast --name mine")
@click.argument("files", nargs=-1, required=True, type=_EXISTING_FILE, metavar="DATA.csv...")
@click.option(
    "--kind",
    type=click.Choice(["fast", "deep"]),
    default="fast",
    show_default=True,
    help="fast: TF-IDF and logistic regression (.pkl). deep: bidirectional LSTM (.hdf5).",
)
@_NAME
@_OUTPUT
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
    type=_EXISTING_FILE,
    help="Word vectors of 100 numbers for a deep model to begin with, in GloVe's form.",
)
@_DETOKENISE
@_DESCRIPTION
@_FORCE
@_JSON
def train(
    files: tuple[Path, ...], name: str, output: Path | None, as_json: bool, **options: Any
) -> None:
    """Train a model from labelled CSV files (.csv or .csv.gz).

    Each needs a column `text` and a label: `score` (0 to 1), `label5` (0 to 4) or `label` (0 and 1,
    or negative, neutral, positive). A column `split` (train, dev) says which rows the model is
    measured on; without it a tenth of the texts is drawn.
    """
    from rich.console import Console  # noqa: PLC0415  see the module's docstring
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from scoring.keras_model import COMPILED_FIGURE  # noqa: PLC0415
    from training.train import train as run  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as display:
        task = display.add_task("starting", total=1.0)
        card = run(
            files,
            name=name,
            output=output or load_settings().models_dir,
            progress=lambda doing, share: display.update(task, description=doing, completed=share),
            **options,
        )
    if as_json:
        click.echo(card.model_dump_json(indent=2))
        return
    click.echo(f"{card.full_name} is in {(output or load_settings().models_dir) / name}.")
    _say_compiled(card)
    figures = {key: value for key, value in card.figures.items() if key != COMPILED_FIGURE}
    _print_figures("On the rows kept for measuring", figures)


@click.command("evaluate", epilog="Example: scorelane evaluate reviews.csv --model mine")
@click.argument("files", nargs=-1, required=True, type=_EXISTING_FILE, metavar="DATA.csv...")
@click.option("--model", default=None, help="A model's name, or its folder.  [default: fast]")
@click.option("--against", help="Another model: intervals of both, and which one is better.")
@click.option(
    "--models-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of model folders.  [default: SCORELANE_MODELS_DIR]",
)
@click.option("--split", type=click.Choice(["train", "dev"]), help="Only the rows of this split.")
@_DETOKENISE
@_JSON
def evaluate(
    files: tuple[Path, ...],
    model: str | None,
    against: str | None,
    models_dir: Path | None,
    split: str | None,
    detokenise: bool,
    as_json: bool,
) -> None:
    """Measure a model on labelled CSV files, in this process.

    Accuracy is over the negative and the positive rows, at a score of 0.5; neutral rows are left
    out, and counted. Graded labels (`score`, `label5`) also get correlations and errors.
    """
    from shared.model import load_model  # noqa: PLC0415  see the module's docstring
    from training.data import read_labelled  # noqa: PLC0415
    from training.evaluate import evaluate as run  # noqa: PLC0415

    labelled = read_labelled(files, detokenise=detokenise)
    if split:
        labelled = labelled[labelled["split"] == split]
    loaded = load_model(_model_folder(model, models_dir))
    figures = run(loaded, labelled)
    if against:
        from training.evaluate import scores_of  # noqa: PLC0415
        from training.intervals import accuracy_interval, paired_p, right_rows  # noqa: PLC0415

        other = load_model(_model_folder(against, models_dir))
        labels = labelled["score"].to_numpy(dtype=float)
        right, right_of_other = (
            right_rows(scores_of(each, labelled), labels) for each in (loaded, other)
        )
        if len(right):
            least, most = accuracy_interval(right)
            figures |= {"accuracy_least": least, "accuracy_most": most}
            least, most = accuracy_interval(right_of_other)
            figures |= {"other.accuracy": float(right_of_other.mean())}
            figures |= {"other.accuracy_least": least, "other.accuracy_most": most}
            figures |= {"paired_p": paired_p(right, right_of_other)}
    if as_json:
        click.echo(json.dumps({"model": loaded.card.full_name, **figures}, indent=2))
    else:
        _print_figures(loaded.card.full_name, figures)


@click.command("add-model", epilog="Example: scorelane add-model my.pkl --name mine")
@click.argument("file", type=_EXISTING_FILE)
@_NAME
@_OUTPUT
@click.option(
    "--word-index", type=_EXISTING_FILE, help="Keras: the JSON of word -> number of its training."
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
@_DESCRIPTION
@_FORCE
@_JSON
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
    from training.compile import compile_model  # noqa: PLC0415  see the module's docstring

    folder = _model_folder(model, models_dir)
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


def _model_folder(model: str | None, models_dir: Path | None) -> Path:
    settings = load_settings()
    name = model or settings.default_model
    folder = (models_dir or settings.models_dir) / name
    if folder.is_dir():
        return folder
    if Path(name).is_dir():
        return Path(name)
    raise NoModelFolder(folder=folder, reason="there is no such folder")


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
