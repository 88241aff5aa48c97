"""Where a command puts a new model: into a folder of model folders, or into object storage."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from scorelane.client.client import Client
from shared.card import Card
from shared.config.object_address import ObjectAddress, object_address
from shared.config.settings import load_settings
from shared.config.startup import require_object_storage
from shared.publishing import publish
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
        stored: the object storage to which it goes from there; None: to none.
        client: the service to which it is uploaded from there; None: to none.
    """

    folder: Path
    stored: StoredModels | None = None
    client: Client | None = None

    def of(self, card: Card) -> str:
        """Where the model is, for messages."""
        if self.stored:
            return f"{self.stored.url}/{card.full_name}"
        if self.client:
            return f"the models folder of {self.client.url}"
        return str(self.folder / card.name)

    def keep(self, card: Card, *, force: bool) -> None:
        """Put a model that is in `folder` where it goes.

        Raises:
            shared.errors.model.ModelExists: see `shared.publishing.publish`.
            scorelane.client.errors.ClientError: the service refuses it.
            OSError: the store cannot be read or written.
        """
        if self.client:
            self.client.upload_model(self.folder / card.name)
        elif self.stored:
            publish(self.folder / card.name, self.stored, force=force)


@contextmanager
def models_place(
    output: Path | ObjectAddress | None, upload_to: Client | None = None
) -> Iterator[ModelsPlace]:
    """Give the place for a new model during a block.

    Args:
        output: the folder or the address; None: that of the settings, which workers serve.
        upload_to: the service to which the model is uploaded instead; None: to none.

    Raises:
        shared.errors.service.BadSettings: the library for object storage is not installed.
    """
    if upload_to:
        with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
            yield ModelsPlace(Path(room), client=upload_to)
        return
    settings = load_settings()
    if output is None:
        output = object_address(settings.models) if settings.models else settings.models_dir
    if isinstance(output, Path):
        yield ModelsPlace(output)
        return
    require_object_storage("--output")
    with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
        yield ModelsPlace(Path(room), StoredModels(output))
