"""Writes a model folder atomically: other processes see the whole folder or none.

A model of the same name stays, as an earlier version in a folder of its own.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.card import Card, read_card
from shared.errors.model import BadName, ModelError, ModelExists
from shared.model_folders import put_in_place, reason_of


@contextmanager
def new_model_folder(output: Path, name: str, *, force: bool) -> Iterator[Path]:
    """Provide a temporary folder that becomes `output/name` when the block ends without an error.

    The folder that was there becomes `output/name@version`, so both versions can be served.

    Args:
        output: the folder that holds the model folders; created if it does not exist.
        name: the name of the model.
        force: remove the folder that was there.

    Raises:
        shared.errors.model.BadName: a model may not have this name.
        shared.errors.model.ModelExists: the folder that is there holds no sound model, and `force`
            is false.
    """
    # `output` may lead through the folder that is replaced, as in `mine/..`, which then breaks.
    output = output.resolve()
    check_name(output, name, force=force)
    output.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that the rename is atomic. The dot hides it from the workers.
    building = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=output))
    try:
        yield building
        # mkdtemp creates a folder for its owner only, but the service may run as another user.
        building.chmod(0o755)
        check_name(output, name, force=force)
        if not force:
            _keep(output / name, read_card(building))
        put_in_place(building, output / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def check_name(output: Path, name: str, *, force: bool) -> None:
    """Check the name of a new model, before any work is done.

    Raises:
        shared.errors.model.BadName: a model may not have this name.
        shared.errors.model.ModelExists: the folder that is there holds no sound model, and `force`
            is false.
    """
    pattern = Card.model_json_schema()["properties"]["name"]["pattern"]
    if not re.fullmatch(pattern, name) or name.endswith("\n"):
        raise BadName(name=name)
    if (output / name).exists() and not force:
        try:
            read_card(output / name)
        except (ModelError, OSError) as error:
            raise ModelExists(name=name, folder=output, reason=reason_of(error)) from error


def _keep(folder: Path, successor: Card) -> None:
    """Rename the folder of a model by its version, unless its successor is the same version."""
    if not folder.exists():
        return
    card = read_card(folder)
    kept = folder.with_name(card.full_name)
    # A folder of this version that is there already holds the same model, if it is sound.
    if card.version != successor.version:
        put_in_place(folder, kept)
