"""Writes a model folder atomically: other processes see the whole folder or none."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version

from shared.errors.model import BadName, ModelExists
from shared.model import Card


@contextmanager
def new_model_folder(output: Path, name: str, *, force: bool) -> Iterator[Path]:
    """Provide a temporary folder that becomes `output/name` when the block ends without an error.

    Args:
        output: the folder that holds the model folders; created if it does not exist.
        name: the name of the model.
        force: replace an existing model of the same name.

    Raises:
        shared.errors.model.BadName: a model may not hold this name.
        shared.errors.model.ModelExists: a model of this name exists, and `force` is false.
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
        _put_in_place(building, output / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def check_name(output: Path, name: str, *, force: bool) -> None:
    """Check the name of a new model, before any work is done.

    Raises:
        shared.errors.model.BadName: a model may not hold this name.
        shared.errors.model.ModelExists: a model of this name exists, and `force` is false.
    """
    pattern = Card.model_json_schema()["properties"]["name"]["pattern"]
    if not re.fullmatch(pattern, name) or name.endswith("\n"):
        raise BadName(name=name)
    if (output / name).exists() and not force:
        raise ModelExists(name=name, folder=output)


def library_versions(*distributions: str) -> dict[str, str]:
    """The versions of Python and of those of the distributions that are installed."""
    versions = {"python": python_version()}
    for distribution in distributions:
        with suppress(PackageNotFoundError):
            versions[distribution] = version(distribution)
    return versions


def _put_in_place(building: Path, folder: Path) -> None:
    if not folder.exists():
        building.rename(folder)
        return
    replaced = building.with_name(building.name + "-replaced")
    folder.rename(replaced)
    building.rename(folder)
    shutil.rmtree(replaced)
