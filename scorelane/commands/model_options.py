"""Options that the commands about models share, and what they name."""

from pathlib import Path

import click

from shared.config.settings import load_settings
from shared.errors.model import NoModelFolder

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

name = click.option("--name", required=True, help="Lower-case letters, digits, - and _.")
output = click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of model folders.  [default: the one that is served, SCORELANE_MODELS_DIR]",
)
force = click.option("--force", is_flag=True, help="Replace a model of that name.")
description = click.option("--description", default="", help="A sentence for the model's card.")
detokenise = click.option(
    "--detokenise",
    is_flag=True,
    help="The texts are Treebank-tokenised (it 's `` good '' .): undo that first.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def model_folder(model: str | None, models_dir: Path | None) -> Path:
    """The folder of a model that is named, or whose folder is.

    Raises:
        shared.errors.model.NoModelFolder: there is none.
    """
    settings = load_settings()
    wanted = model or settings.default_model
    folder = (models_dir or settings.models_dir) / wanted
    if folder.is_dir():
        return folder
    if Path(wanted).is_dir():
        return Path(wanted)
    raise NoModelFolder(folder=folder, reason="there is no such folder")
