"""The card of a model: what is in its folder, and what it takes and gives."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from shared.digests import check_digests, file_digest, version_of
from shared.drift.reference import Reference
from shared.errors.model import BadCard, NoCard, NoModelFolder
from shared.mapped_file import MAPPED_FILE, MappedFile
from shared.signature import SENTIMENT, Input, Output, Signature

CARD_FILE = "card.json"


class Card(BaseModel):
    """The description of a model: `card.json` in its folder.

    A card of an older release names no inputs and outputs; see `signature`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    version: str = Field(description="A digest of files and options; see `version_of`.")
    format: str = Field(description="The suffix of the model file, which also selects the runtime.")
    files: dict[str, str] = Field(description="File name -> sha256 of its content, in hex.")
    created_at: datetime
    description: str = ""
    training_data: list[str] = Field(default_factory=list)
    figures: dict[str, float] = Field(
        default_factory=dict, description="Measurements on held-out data."
    )
    libraries: dict[str, str] = Field(
        default_factory=dict, description="Versions of the libraries that made the file."
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="What the runtime needs to know beyond the files."
    )
    inputs: tuple[Input, ...] = Field(
        (), description="The columns that the model takes; none: one column `text`."
    )
    outputs: tuple[Output, ...] = Field(
        (), description="The columns that the model gives; none: one column `Sentiment_Score`."
    )
    mapped: MappedFile | None = Field(None, description="The file that processes map, if any.")

    reference: Reference | None = Field(
        None,
        description="How its scores and inputs were distributed in the rows that it was made for. "
        "It decides no result, so it is no part of the version.",
    )

    @model_validator(mode="after")
    def _check_signature(self) -> Self:
        _ = self.signature
        return self

    @model_serializer(mode="wrap")
    def _without_defaults(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out empty new fields: older releases refuse cards with fields unknown to them."""
        return {
            name: value
            for name, value in serialise(self).items()
            if value or name not in ("inputs", "outputs", "mapped", "reference")
        }

    @property
    def usual_known_words(self) -> float | None:
        """A share of known words that 95 % of the rows of its reference exceed; None: unknown."""
        return self.reference.usual_known_words if self.reference else None

    @property
    def signature(self) -> Signature:
        """The columns that the model takes, and those that it gives.

        Raises:
            ValueError: two of them have the same name, or one a name that is taken.
        """
        if not self.inputs and not self.outputs:
            return SENTIMENT
        return Signature(
            inputs=self.inputs or SENTIMENT.inputs, outputs=self.outputs or SENTIMENT.outputs
        )

    @property
    def full_name(self) -> str:
        """Name and version, such as `fast@1f2e3d4c5b6a`; queues and jobs are bound to it."""
        return f"{self.name}@{self.version}"

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of each file in the folder: those that decide a score, and the mapped one."""
        return self.files | ({MAPPED_FILE: self.mapped.sha256} if self.mapped else {})

    @property
    def model_file(self) -> str:
        """The name of the file that holds the model itself."""
        return f"model.{self.format}"


def write_card(
    folder: Path,
    *,
    name: str,
    format: str,  # noqa: A002  the name of the card's field
    files: list[str],
    options: dict[str, Any] | None = None,
    signature: Signature | None = None,
    **about: Any,
) -> Card:
    """Write `card.json` for the files in `folder`.

    Args:
        folder: the folder with `model.<format>` and the other files.
        name: the name of the model: lower-case letters, digits, `_` and `-`.
        format: the suffix of the model file.
        files: the names of the files that belong to the model.
        options: what the runtime needs to know beyond the files.
        signature: the columns that the model takes and gives; None: those of `SENTIMENT`.
        about: more fields: `description`, `training_data`, `figures`, `libraries`, `reference`.

    Raises:
        shared.errors.model.BadCard: a card may not hold one of the values.
    """
    digests = {file: file_digest(folder / file) for file in sorted(files)}
    if signature == SENTIMENT:
        signature = None
    inputs, outputs = (signature.inputs, signature.outputs) if signature else ((), ())
    try:
        card = Card(
            name=name,
            version=version_of(digests, options or {}, inputs, outputs),
            format=format,
            files=digests,
            created_at=datetime.now(UTC).replace(microsecond=0),
            options=options or {},
            inputs=inputs,
            outputs=outputs,
            **about,
        )
    except ValidationError as error:
        raise BadCard(path=folder / CARD_FILE, reason=_first_reason(error)) from error
    save_card(folder, card)
    return card


def save_card(folder: Path, card: Card) -> None:
    """Write a card as `card.json`."""
    (folder / CARD_FILE).write_bytes(content_of(card))


def content_of(card: Card) -> bytes:
    """The content of `card.json`."""
    return f"{card.model_dump_json(indent=2)}\n".encode()


def read_card(folder: Path) -> Card:
    """Read the card of a model folder, and check every file against its digest.

    Raises:
        shared.errors.model.NoModelFolder: there is no such folder.
        shared.errors.model.NoCard: the folder has no card.
        shared.errors.model.BadCard: the card cannot be read, or contradicts itself.
        shared.errors.model.DigestMismatch: a file is missing, or has another digest.
    """
    if not folder.is_dir():
        raise NoModelFolder(folder=folder, reason="it is not a folder")
    path = folder / CARD_FILE
    if not path.is_file():
        raise NoCard(folder=folder)
    card = parse_card(path.read_bytes(), path)
    check_digests(folder, card.digests)
    return card


def parse_card(content: bytes, path: object) -> Card:
    """Read a card without looking at the files that it names.

    Args:
        content: of `card.json`.
        path: of `card.json`, for messages.

    Raises:
        shared.errors.model.BadCard: the card cannot be read, or contradicts itself.
    """
    try:
        card = Card.model_validate_json(content)
    except ValidationError as error:
        raise BadCard(path=path, reason=_first_reason(error)) from error
    if card.model_file not in card.files:
        raise BadCard(path=path, reason=f"it does not name a file {card.model_file}")
    if card.version != version_of(card.files, card.options, card.inputs, card.outputs):
        reason = "its version does not follow from its files, options and signature"
        raise BadCard(path=path, reason=reason)
    if strange := [name for name in card.digests if Path(name).name != name]:
        raise BadCard(path=path, reason=f"{strange[0]} is not a plain file name")
    if CARD_FILE in card.digests:
        raise BadCard(path=path, reason=f"it names {CARD_FILE} among its files")
    return card


def _first_reason(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
