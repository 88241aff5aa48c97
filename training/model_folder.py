"""Writing a model folder so that it is there whole, or not at all."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version

from shared.errors.model import BadCard, ModelExists
from shared.model import Card


@contextmanager
def new_model_folder(output: Path, name: str, *, force: bool) -> Iterator[Path]:
    """A temporary folder that becomes `output/name` when the block ends without an error.

    Args:
        output: the folder of model folders; made if it is not there.
        name: of the model.
        force: replace a model of that name.

    Raises:
        shared.errors.model.BadCard: the name is not one that a card may hold.
        shared.errors.model.ModelExists: there is a model of that name, and `force` is false.
    """
    # A path through the folder that is replaced, as in `mine/..`, would lead nowhere in between.
    output = output.resolve()
    check_name(output, name, force=force)
    output.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that the rename is one step; the dot hides it from the workers.
    building = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=output))
    try:
        yield building
        # mkdtemp's folder is its owner's alone; the service may run as somebody else.
        building.chmod(0o755)
        check_name(output, name, force=force)
        _put_in_place(building, output / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def check_name(output: Path, name: str, *, force: bool) -> None:
    """Refuse a name before the work is done, not after.

    Raises:
        shared.errors.model.BadCard: the name is not one that a card may hold.
        shared.errors.model.ModelExists: there is a model of that name, and `force` is false.
    """
    pattern = Card.model_json_schema()["properties"]["name"]["pattern"]
    if not re.match(pattern, name):
        raise BadCard(path=output / name, reason=f"the name '{name}' does not match {pattern}")
    if (output / name).exists() and not force:
        raise ModelExists(name=name, folder=output)


def library_versions(*distributions: str) -> dict[str, str]:
    """The versions of Python and of those distributions that are installed."""
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
