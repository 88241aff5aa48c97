"""`scorelane add-model`: a user's own model, as a model folder."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorelane.client.client import Client
from scorelane.commands.common import model_options, options
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.models_place import models_place
from scorelane.commands.common.proof_options import proof_of, proof_options
from scorelane.commands.common.proven import print_calls, print_proof
from scorelane.commands.common.tensorflow_lines import without_tensorflow_lines
from scorelane.commands.common.understood import print_understood, understood
from scorelane.commands.common.until_served import answers, print_outcome, until_served
from shared.config.object_address import ObjectAddress
from shared.errors.input import BadOption

if TYPE_CHECKING:
    # Only for the type: it imports pandas.
    from training.add_model import Added

#: How long the first worker may take to serve a new model, in seconds.
_WAIT_SECONDS = 120.0


def _names(_context: click.Context, _option: click.Parameter, text: str | None) -> list[str] | None:
    return None if text is None else text.split(",")


@click.command("add-model", epilog="Example: scorelane add-model my.pkl --name mine")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--registry",
    metavar="URL",
    help="MLflow: the server with the model that FILE names, as models:/name@alias or "
    "models:/name/3.  [default: MLFLOW_TRACKING_URI]",
)
@model_options.name
@model_options.output
@click.option(
    "--vectorizer",
    "--preprocessor",
    type=options.EXISTING_FILE,
    multiple=True,
    callback=lambda _context, _option, files: files or None,
    help="scikit-learn: the file with the fitted vectoriser, scaler or encoder, if FILE holds the "
    "model alone. Repeat it for several steps, in their order.",
)
@click.option(
    "--word-index",
    type=options.EXISTING_FILE,
    help="Keras: a JSON file that maps each word to its number, as in the model's training.",
)
@click.option(
    "--tokenizer",
    type=options.EXISTING_FILE,
    help="Keras: the Tokenizer of the training, from to_json() or as a pickle, whose code is not "
    "run. It says all about words.",
)
@click.option(
    "--class-values",
    metavar="NUMBER,...",
    help="A number from 0 to 1 for each class, in the model's order, separated by commas: 0,0.5,1.",
)
@click.option("--positive", metavar="LABEL", help="scikit-learn: the label of the positive class.")
@click.option(
    "--target-range",
    metavar="LOW,HIGH",
    help="scikit-learn: the lowest and the highest target that a regressor was fitted to, as in "
    "1,5.  [default: 0,1]",
)
@click.option(
    "--max-length",
    type=click.IntRange(min=1),
    help="Keras: the number of words of a text that the model reads, if the model does not fix it.",
)
@click.option(
    "--inputs",
    metavar="NAME:TYPE,...",
    help="The columns that the model takes, in its order, as in "
    "age:double,name:string?; a type is string, double, long, boolean or datetime, and ? means "
    "that values may be missing.  [default: what the fitted model tells]",
)
@click.option(
    "--example",
    type=options.EXISTING_FILE,
    help="A CSV, TSV or Parquet file with rows for the model; its columns are the model's inputs.",
)
@click.option(
    "--labels",
    metavar="NAME,...",
    help="The names of the outputs of a model that predicts several, in its order.",
)
@click.option(
    "--classes",
    metavar="NAME,...",
    callback=_names,
    help="Keras, ONNX: the names of the classes, in the order of the model's numbers; of the two "
    "of one sigmoid of Keras.  [default: 0,1,...]",
)
@click.option(
    "--cuts",
    metavar="LOW,HIGH",
    help="scikit-learn: a model of sentiment gets a column label, on request: negative below LOW, "
    "neutral from there, positive from HIGH.",
)
@model_options.text_options
@proof_options
@model_options.description
@model_options.force
@click.option(
    "--upload",
    is_flag=True,
    help="Send the model to the service at --url, whose operator must allow it "
    "(SCORELANE_MODEL_UPLOADS), with a key of the scope admin.",
)
@click.option(
    "--wait/--no-wait",
    default=None,
    help="Wait until the service at --url serves the model.  [default: wait if one answers there, "
    "unless --output names another place]",
)
@options.url
@options.as_json
def add_model(
    file: Path,
    name: str,
    output: Path | ObjectAddress | None,
    class_values: str | None,
    target_range: str | None,
    labels: str | None,
    cuts: str | None,
    description: str,
    force: bool,
    as_json: bool,
    **meaning: Any,
) -> None:
    """Add your own model: of scikit-learn, Keras, ONNX, XGBoost, LightGBM or CatBoost.

    FILE ends in .pkl, .pickle, .joblib, .sav or .skops (a pipeline that takes texts or the rows of
    a table), .hdf5, .h5 or .keras (a Keras model of texts or tables), .onnx, .ubj or .json
    (XGBoost), .txt (LightGBM) or .cbm (CatBoost). A pickle may be compressed (.pkl.gz), and may
    hold a dict or a list of a vectoriser and a model. The command copies FILE, loads the model,
    prints which columns it takes and gives, and scores a few rows with it.
    With --expect it compares the model with the outputs of your own script, and refuses the model
    if they differ.

    A pickle is code, and loading it runs that code, here and in every worker: add only files that
    you trust. A .skops file runs no code; SCORELANE_TRUSTED_TYPES says what it may hold.
    """
    from training.add_model import add_model as add  # noqa: PLC0415  see model_options
    from training.added.meaning import Meaning  # noqa: PLC0415
    from worker.models.measuring import measure_rate  # noqa: PLC0415

    expect, proof = meaning["expect"], proof_of(meaning)
    wait, url, upload = (meaning.pop(one) for one in ("wait", "url", "upload"))
    if upload and (output or force):
        raise Mistake("--upload goes without --output and --force: the service keeps all versions")
    with ExitStack() as closing:
        client = closing.enter_context(options.client(url))
        closing.enter_context(without_tensorflow_lines())
        place = closing.enter_context(models_place(output, client if upload else None))
        added = add(
            file,
            name=name,
            output=place.folder,
            registry=meaning.pop("registry"),
            meaning=Meaning(
                class_values=_numbers("class_values", class_values, "0,0.5,1"),
                target_range=_numbers("target_range", target_range, "1,5"),
                labels=labels.split(",") if labels is not None else None,
                cuts=_numbers("cuts", cuts, "0.4,0.6"),
                **meaning,
            ),
            description=description,
            force=force,
            proof=proof,
        )
        rate = measure_rate(added.model, examples=added.kept)
        place.keep(added.card, force=force)
    if as_json:
        click.echo(json.dumps(understood(added) | {"rows_per_second": round(rate)}, indent=2))
    else:
        click.echo(f"{added.card.full_name} is in {place.of(added.card)}.")
        print_understood(added)
        model_options.print_if_compiled(added.card)
        print_proof(added, rate, expect)
    with options.client(url) as client:
        if wait or (wait is None and output is None and (upload or answers(client))):
            _follow(client, added, err=as_json)
            return
    if wait is None and output is None:
        click.echo(f"No service answers at {url}. `scorelane serve` starts one.", err=True)
    if not as_json:
        click.echo("To try it, once workers have loaded it:")
        print_calls(added, url, name)


def _follow(client: Client, added: "Added", *, err: bool) -> None:
    """Wait until the service serves the model, and print calls to try it."""
    full_name, model = added.card.full_name, added.card.name
    click.echo(f"Waiting until {client.url} serves it ...", err=True)
    outcome = until_served(client, full_name, _WAIT_SECONDS)
    print_outcome(outcome, full_name, err=err)
    if outcome.version is None:
        click.echo("`scorelane doctor` looks for the reason.", err=True)
        raise SystemExit(1)
    if not outcome.version.get("current", True):
        click.echo(
            f"`{model}` still means its champion. To let it mean this version: "
            f"scorelane promote {full_name}",
            err=err,
        )
        model = full_name
    click.echo("To try it:", err=err)
    print_calls(added, client.url, model, err=err)


def _numbers(option: str, text: str | None, example: str) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(number) for number in text.split(",")]
    except ValueError as error:
        raise BadOption(
            option=option,
            value=text,
            reason=f"write numbers, separated by commas, as in {example}",
        ) from error
