"""What a model is: a folder with a card, whose files are the ones the card names."""

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors.model import (
    BadCard,
    DigestMismatch,
    NoCard,
    NoModelFolder,
    NoRuntime,
    UnknownFormat,
)

if TYPE_CHECKING:
    # Only for the signature: the API imports this module, and holds no pandas.
    import pandas as pd

CARD_FILE = "card.json"

#: The entry point group in which a package names the class that runs a format.
RUNTIMES = "scorelane.runtimes"

TEXT = "text"
SCORE = "Sentiment_Score"


class Card(BaseModel):
    """What is known of a model; `card.json` in its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    version: str = Field(description="From the content's digest: the same files, the same version.")
    format: str = Field(description="The ending of the model file, and the key of its runtime.")
    files: dict[str, str] = Field(description="File name -> sha256 of its content, in hex.")
    created_at: datetime
    description: str = ""
    training_data: list[str] = Field(default_factory=list)
    figures: dict[str, float] = Field(
        default_factory=dict, description="What was measured on held-out data."
    )
    libraries: dict[str, str] = Field(
        default_factory=dict, description="Versions of the libraries that made the file."
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="What the runtime must know beyond the file."
    )

    @property
    def full_name(self) -> str:
        """Name and version, as queues and jobs are pinned to it: `fast@1f2e3d4c5b6a`."""
        return f"{self.name}@{self.version}"

    @property
    def model_file(self) -> str:
        """The name of the file that holds the model itself."""
        return f"model.{self.format}"


class Model(Protocol):
    """A model that can score; what a runtime class gives."""

    card: Card

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Load the model whose folder was checked against the card.

        Raises:
            shared.errors.model.UnusableModel: the file is not what the runtime can serve.
        """

    def score(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Score a frame of n rows.

        Args:
            frame: column `text`, str, no missing values; others are ignored.

        Returns:
            A frame with the same index and one column, `Sentiment_Score`, float64 in 0..1.
        """

    def warm_up(self) -> None:
        """Do now whatever the first call would otherwise wait for."""


def file_digest(path: Path) -> str:
    """The sha256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version_of(files: dict[str, str], options: dict[str, Any]) -> str:
    """Twelve hex digits that stand for these files and options: what decides a score."""
    content = json.dumps([files, options], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def write_card(
    folder: Path,
    *,
    name: str,
    format: str,  # noqa: A002  the word that the card uses
    files: list[str],
    options: dict[str, Any] | None = None,
    **about: Any,
) -> Card:
    """Write `card.json` for the files in `folder`.

    Args:
        folder: holds `model.<format>` and the other files.
        name: lower-case letters, digits, `_` and `-`.
        format: the model file's ending.
        files: the names of the files that belong to the model.
        options: what the runtime must know beyond the files.
        about: `description`, `training_data`, `figures`, `libraries`.

    Raises:
        shared.errors.model.BadCard: a value is not what a card may hold.
    """
    digests = {file: file_digest(folder / file) for file in sorted(files)}
    try:
        card = Card(
            name=name,
            version=version_of(digests, options or {}),
            format=format,
            files=digests,
            created_at=datetime.now(UTC).replace(microsecond=0),
            options=options or {},
            **about,
        )
    except ValidationError as error:
        raise BadCard(path=folder / CARD_FILE, reason=_first_reason(error)) from error
    (folder / CARD_FILE).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return card


def read_card(folder: Path) -> Card:
    """The card of a model folder, after every file was checked against its digest.

    Raises:
        shared.errors.model.NoModelFolder: the folder is not there.
        shared.errors.model.NoCard: it has no card.
        shared.errors.model.BadCard: the card cannot be read, or does not name the model file.
        shared.errors.model.DigestMismatch: a file is missing, or differs from what the card names.
    """
    if not folder.is_dir():
        raise NoModelFolder(folder=folder, reason="it is not a folder")
    path = folder / CARD_FILE
    if not path.is_file():
        raise NoCard(folder=folder)
    try:
        card = Card.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BadCard(path=path, reason=_first_reason(error)) from error
    if card.model_file not in card.files:
        raise BadCard(path=path, reason=f"it does not name a file {card.model_file}")
    if card.version != version_of(card.files, card.options):
        raise BadCard(path=path, reason="its version does not follow from its files and options")
    for name, expected in card.files.items():
        if Path(name).name != name:
            raise BadCard(path=path, reason=f"{name} is not a plain file name")
        found = file_digest(folder / name) if (folder / name).is_file() else "of no file"
        if found != expected:
            raise DigestMismatch(path=folder / name, found=found, expected=expected)
    return card


def read_cards(models_dir: Path, serve: str = "") -> dict[Path, Card]:
    """The checked cards of the models in a folder of model folders, by folder.

    Args:
        models_dir: a folder of model folders.
        serve: names by comma; empty means all.

    Raises:
        shared.errors.model.ModelError: a folder named or found is not a sound model.
    """
    if serve:
        folders = [models_dir / name.strip() for name in serve.split(",") if name.strip()]
    elif models_dir.is_dir():
        # A name with a dot in front is a model that is just being written.
        folders = sorted(
            folder
            for folder in models_dir.iterdir()
            if folder.is_dir() and not folder.name.startswith(".")
        )
    else:
        folders = []
    if not folders:
        raise NoModelFolder(folder=models_dir, reason="there is no model folder in it")
    return {folder: read_card(folder) for folder in folders}


def load_model(folder: Path) -> Model:
    """Check the card and the digests, then let the format's runtime load the model.

    Nothing of a model file is read before its digest is known to be the card's: a pickle is code.

    Raises:
        shared.errors.model.ModelError: the folder is not a sound model, or no runtime can run it.
    """
    card = read_card(folder)
    runtimes = {point.name: point for point in entry_points(group=RUNTIMES)}
    if card.format not in runtimes:
        formats = ", ".join(sorted(runtimes)) or "none"
        raise UnknownFormat(format=card.format, name=card.name, formats=formats)
    try:
        runtime: type[Model] = runtimes[card.format].load()
    except ImportError as error:
        raise NoRuntime(name=card.name, format=card.format, reason=error) from error
    return runtime.load(folder, card)


def _first_reason(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
