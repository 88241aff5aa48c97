"""`scorelane train`: a model from labelled CSV files."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scorelane.commands.common import model_options, options
from scorelane.commands.common.extras import require
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.models_place import models_place
from scorelane.commands.common.tables import print_table
from scorelane.commands.common.tensorflow_lines import without_tensorflow_lines
from shared.config.object_address import ObjectAddress


@click.command("train", epilog="Example: scorelane train reviews.csv --kind fast --name mine")
@click.argument("files", nargs=-1, required=True, type=options.EXISTING_FILE, metavar="DATA.csv...")
@click.option(
    "--kind",
    type=click.Choice(["fast", "deep"]),
    default="fast",
    show_default=True,
    help="fast: TF-IDF and logistic regression (.pkl). deep: bidirectional LSTM (.hdf5).",
)
@model_options.name
@model_options.output
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="The seed of all random numbers: the same seed gives the same model.",
)
@click.option(
    "--epochs",
    default=12,
    show_default=True,
    type=click.IntRange(min=1),
    help="The largest number of epochs of a deep model. Training stops earlier when the accuracy "
    "has not improved for two epochs.",
)
@click.option(
    "--teachers",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="N",
    help="First train N other models, from whose scores the deep model learns too. The model gets "
    "better, and training takes N + 1 times as long.",
)
@click.option(
    "--vectors",
    type=options.EXISTING_FILE,
    help="Initial word vectors of a deep model, 100 numbers each, in GloVe's text format.",
)
@model_options.reading_options
@model_options.detokenise
@model_options.description
@click.option(
    "--report/--no-report",
    default=None,
    help="Write report/index.html into the model's folder. The report quotes texts. Its plots need "
    "scorelane-server[report].  [default: write it, unless the model goes to object storage]",
)
@model_options.force
@options.as_json
def train(
    files: tuple[Path, ...],
    name: str,
    output: Path | ObjectAddress | None,
    text_column: str,
    label_column: str | None,
    delimiter: str | None,
    charset: str,
    quoting: str | None,
    as_json: bool,
    **training_options: Any,
) -> None:
    """Train a model from labelled CSV files (.csv or .tsv, each also with .gz).

    Each file needs a column `text` and one column with a label: `score` (0 to 1), `label5` (0 to 4)
    or `label` (0 and 1, or negative, neutral and positive). Options name other columns. A column
    `split` can divide the rows: `train` rows train the model, `dev` rows decide which version of it
    is kept, and `test` rows measure it (`dev` rows, if there is no `test` row). Without that column
    a random tenth of the texts is `dev`.
    """
    from scoring.networks.compiled import COMPILED_FIGURE  # noqa: PLC0415  see model_options
    from training.labelled_cells import Reading  # noqa: PLC0415
    from training.options import TrainingOptions  # noqa: PLC0415
    from training.train import train as train_model  # noqa: PLC0415

    if training_options["kind"] == "deep":
        # Before anything is read, or a bar is shown.
        require("tensorflow", "h5py")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        without_tensorflow_lines(),
        models_place(output) as place,
        Progress(*columns, console=Console(stderr=True)) as display,
    ):
        force, report = training_options["force"], training_options["report"]
        if report and place.stored:
            raise Mistake("--report: a report is written on this machine; name a folder (--output)")
        training_options["report"] = place.stored is None if report is None else report
        task = display.add_task("starting", total=1.0)
        card = train_model(
            files,
            TrainingOptions(
                name=name,
                output=place.folder,
                reading=Reading(text_column, label_column, delimiter, charset, quoting),
                **training_options,
            ),
            progress=lambda step, share: display.update(task, description=step, completed=share),
        )
        place.keep(card, force=force)
    if as_json:
        click.echo(card.model_dump_json(indent=2))
        return
    click.echo(f"{card.full_name} is in {place.of(card)}.")
    model_options.print_if_compiled(card)
    _print_figures({key: value for key, value in card.figures.items() if key != COMPILED_FIGURE})
    if training_options["report"]:
        click.echo(f"The report: {place.of(card)}/report/index.html")


def _print_figures(figures: dict[str, float]) -> None:
    table = Table("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        is_count = name.split(".")[-1] in ("rows", "neutral_left_out")
        table.add_row(name.replace("_", " "), f"{value:,.0f}" if is_count else f"{value:.4f}")
    click.echo("Measured on rows that the model was not trained on:")
    print_table(table)
