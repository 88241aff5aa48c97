"""Where a command puts a new model: into a folder of model folders, or into object storage."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from shared.card import Card
from shared.config.object_address import ObjectAddress, object_address
from shared.config.settings import load_settings
from shared.config.startup import require_object_storage
from shared.stored_models import StoredModels


def read_place(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> Path | ObjectAddress | None:
    """Read the value of an option: a folder of this machine, or a prefix of object storage.

    Raises:
        click.BadParameter: it is neither.
    """
    if value is None or "://" not in value:
        if value and Path(value).is_file():
            raise click.BadParameter(f"'{value}' is a file.")
        return Path(value) if value else None
    try:
        return object_address(value)
    except ValueError as error:
        raise click.BadParameter(f"'{value}' {error}.") from error


@dataclass(frozen=True)
class ModelsPlace:
    """Where a new model goes.

    Attributes:
        folder: the folder of model folders in which it is made.
        stored: the object storage to which it goes from there; None: it stays.
    """

    folder: Path
    stored: StoredModels | None = None

    def of(self, card: Card) -> str:
        """Where the model is, for messages."""
        if self.stored:
            return f"{self.stored.url}/{card.full_name}"
        return str(self.folder / card.name)

    def keep(self, card: Card, *, force: bool) -> None:
        """Put a model that is in `folder` into the object storage, if it goes there.

        Raises:
            shared.errors.model.ModelExists: see `training.publishing.publish`.
            OSError: the store cannot be read or written.
        """
        if self.stored:
            from training.publishing import publish  # noqa: PLC0415  see model_options

            publish(self.folder / card.name, self.stored, force=force)


@contextmanager
def models_place(output: Path | ObjectAddress | None) -> Iterator[ModelsPlace]:
    """Give the place for a new model during a block.

    Args:
        output: the folder or the address; None: that of the settings, which workers serve.

    Raises:
        shared.errors.service.BadSettings: the library for object storage is not installed.
    """
    settings = load_settings()
    if output is None:
        output = object_address(settings.models) if settings.models else settings.models_dir
    if isinstance(output, Path):
        yield ModelsPlace(output)
        return
    require_object_storage("--output")
    with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
        yield ModelsPlace(Path(room), StoredModels(output))
