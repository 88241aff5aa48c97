"""What `train`, `add-model`, `compile` and `evaluate` share: options, a model's folder, a message.

No library that runs a model is imported at the top of these commands: TensorFlow takes seconds.
"""

from pathlib import Path
from typing import Any

import click

from scorelane.commands.common.models_place import read_place
from shared.card import Card
from shared.config.settings import Settings, load_settings
from shared.errors.model import NoModelFolder
from shared.model_folders import current_versions, folder_of
from worker.models.finding import find_models_once

name = click.option(
    "--name",
    required=True,
    help="The name of the model: lower-case letters, digits, - and _.",
)
output = click.option(
    "--output",
    metavar="DIRECTORY|ADDRESS",
    callback=read_place,
    help="The folder of model folders, or a prefix of object storage, such as s3://bucket/models.  "
    "[default: SCORELANE_MODELS or SCORELANE_MODELS_DIR, which workers serve]",
)
models_dir = click.option(
    "--models-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of model folders.  [default: SCORELANE_MODELS_DIR]",
)
force = click.option(
    "--force",
    is_flag=True,
    help="Remove the model that has this name, in place of keeping it as an earlier version.",
)
description = click.option("--description", default="", help="A sentence for the model's card.")
detokenise = click.option(
    "--detokenise",
    is_flag=True,
    help="The texts are tokenised as in the Penn Treebank (it 's `` good '' .): undo that first.",
)

_READING = (
    click.option("--text-column", default="text", show_default=True, help="The column of texts."),
    click.option(
        "--label-column",
        help="The column of labels. Under another name than these it may hold what `label` may, or "
        "numbers from 0 to 1.  [default: score, label5, label]",
    ),
    click.option(
        "--delimiter",
        help="The character between the cells, or its name (comma, semicolon, tab, pipe, space).  "
        "[default: a tab in a .tsv, otherwise ,]",
    ),
    click.option(
        "--charset",
        default="utf-8",
        show_default=True,
        help="The character encoding of the files, such as latin-1.",
    ),
    click.option(
        "--quoting",
        type=click.Choice(["double", "none"]),
        help="What a double quote is: double, it may enclose a cell; none, a character like any "
        "other.  [default: double, with checks of tab-separated files]",
    ),
)

_SIDES = click.Choice(["post", "pre"])

_TEXT = (
    click.option("--padding", type=_SIDES, help="Keras: where zeros fill up a short text."),
    click.option("--truncating", type=_SIDES, help="Keras: which end of a long text is cut off."),
    click.option(
        "--unknown",
        metavar="NUMBER|drop",
        help="Keras: the number of a word that is not in the index; drop leaves it out.  "
        "[default: the number of <unk>, <OOV>, [UNK] or UNK in the index]",
    ),
    click.option(
        "--num-words",
        type=click.IntRange(min=1),
        help="Keras: words with this number or a higher one count as unknown.",
    ),
    click.option(
        "--token-pattern",
        help="Keras: a regular expression that matches one word of the index, in lower case.",
    ),
    click.option(
        "--filters",
        help="Keras: the characters that end a word, as in a Tokenizer; default: the Tokenizer's "
        "own.",
    ),
    click.option(
        "--standardize",
        type=click.Choice(["lower_and_strip_punctuation", "lower", "strip_punctuation", "none"]),
        help="Keras: how a text is changed before it is split at white space, as in a "
        "TextVectorization.",
    ),
    click.option(
        "--lower/--no-lower",
        default=None,
        help="Keras: with --filters: whether texts are lower-cased.",
    ),
)


def text_options(command: Any) -> Any:
    """Add the options that say how texts become word numbers; see `training.added.text_options`."""
    for option in reversed(_TEXT):
        command = option(command)
    return command


def reading_options(command: Any) -> Any:
    """Add the options that say how labelled files are read; see `training.data.Reading`."""
    # A decorator puts its option first, so the last option is added first.
    for option in reversed(_READING):
        command = option(command)
    return command


def model_folder(model: str | None, models_dir: Path | None) -> Path:
    """The folder of a model; one in object storage is copied to this machine.

    Args:
        model: the model's name, or the path of its folder; None: the default model.
        models_dir: the folder of model folders; None: the one in the settings.

    Raises:
        shared.errors.model.NoModelFolder: there is no such folder.
    """
    settings = load_settings()
    wanted = model or settings.default_model
    if settings.models and models_dir is None and not Path(wanted).is_dir():
        return _copied(settings, wanted)
    folder = folder_of(models_dir or settings.models_dir, wanted)
    if folder.is_dir():
        return folder
    if Path(wanted).is_dir():
        return Path(wanted)
    raise NoModelFolder(folder=folder, reason="there is no such folder")


def _copied(settings: Settings, wanted: str) -> Path:
    cards = find_models_once(
        settings.model_copy(update={"serve": wanted, "library_versions": "proven"})
    ).cards
    current = current_versions(cards)
    return next(folder for folder, card in cards.items() if card.full_name in current)


def print_if_compiled(card: Card) -> bool:
    """If the model is compiled, print how exact its scores are; returns whether it is."""
    from scoring.networks.compiled import COMPILED_FIGURE  # noqa: PLC0415  see the module's docstring

    if (difference := card.figures.get(COMPILED_FIGURE)) is None:
        return False
    what = "scores" if card.format == "hdf5" else "outputs"
    click.echo(
        f"The model is compiled: ONNX Runtime runs it, and its {what} differ by at most "
        f"{difference:.1g} from TensorFlow's."
    )
    return True
