"""A model: a folder with a card, which names the files of the model and their digests."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

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
from shared.errors.model import (
    BadCard,
    ModelReplaced,
    NoCard,
    NoModelFolder,
    NoRuntime,
    UnknownFormat,
    UnusableModel,
)
from shared.mapped_file import MAPPED_FILE, MappedFile, mapped_runtime
from shared.signature import SCORE, SENTIMENT, TEXT, Input, Output, Signature

if TYPE_CHECKING:
    # Only for the signature: the API imports this module, and has no pandas.
    import pandas as pd

logger = logging.getLogger(__name__)

CARD_FILE = "card.json"

#: The entry points by which packages name the class that runs a format.
RUNTIMES = "scorelane.runtimes"

__all__ = ["SCORE", "TEXT", "file_digest", "version_of"]

#: How the effects of terms and columns on a score are found. `linear`: weight times value, which is
#: exact. `tree`: from the paths through decision trees. `occlusion`: by scoring the row without
#: each of them. Empty: not at all.
ExplainedBy = Literal["", "linear", "tree", "occlusion"]


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
            if value or name not in ("inputs", "outputs", "mapped")
        }

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


class Scorer(Protocol):
    """What scores rows: a model, or one that gives other columns too."""

    card: Card

    def score(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Score a frame of n rows; see `Model.score`."""


class Model(Scorer, Protocol):
    """A loaded model that can score; runtime classes implement it."""

    card: Card

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Load a model from a folder that was checked against its card.

        Raises:
            shared.errors.model.UnusableModel: the runtime cannot serve this file.
        """

    def score(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Score a frame of n rows.

        Args:
            frame: the columns `inputs` of the card's signature; other columns are ignored. A
                `string` is an object column of str, a `double` is float64, a `long` int64, a
                `boolean` bool, a `datetime` datetime64[ns] in UTC without a zone. Where an input is
                not required, values may be missing: NaN in an object or float64 column (also for
                `long`, whose column is then float64, and for `boolean`, whose column is then of
                objects), NaT in a datetime column. The dtypes follow from the signature alone, not
                from the rows.

        Returns:
            A frame with the same index and the columns `outputs` of the signature, those on
            request too, with the dtypes above. A row whose output is missing or not finite gets an
            error. The score of a row must not depend on other rows.
        """

    def for_outputs(self, names: Iterable[str]) -> "Model":  # noqa: ARG002  for runtimes
        """The model for rows of which only some outputs, `names`, are wanted.

        Its `score` may leave the others out. A runtime overrides this if that saves time.
        """
        return self

    #: How `explained` finds the effects; empty: the model cannot be explained.
    explained_by: ExplainedBy = ""

    def explained(self, terms: int) -> Scorer:  # noqa: ARG002  for runtimes
        """The model with the outputs of `shared.jobs.added_outputs.Explanation` after its own.

        Args:
            terms: the number of terms or columns that are named for each row.

        Raises:
            ValueError: `explained_by` is empty.
        """
        raise ValueError(f"{self.card.full_name} cannot be explained")

    def warm_up(self) -> None:
        """Do the work now that would otherwise slow down the first call of `score`."""

    def trial_values(self) -> Mapping[str, Sequence[Any]]:
        """Values that the model can score, by the name of their input.

        `shared.tables.trial_rows` makes rows of them. An input whose values may be any of its type
        has none.
        """
        return {}


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
        about: more fields: `description`, `training_data`, `figures`, `libraries`.

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
    (folder / CARD_FILE).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")


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
    try:
        card = Card.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BadCard(path=path, reason=_first_reason(error)) from error
    if card.model_file not in card.files:
        raise BadCard(path=path, reason=f"it does not name a file {card.model_file}")
    if card.version != version_of(card.files, card.options, card.inputs, card.outputs):
        reason = "its version does not follow from its files, options and signature"
        raise BadCard(path=path, reason=reason)
    if strange := [name for name in card.digests if Path(name).name != name]:
        raise BadCard(path=path, reason=f"{strange[0]} is not a plain file name")
    check_digests(folder, card.digests)
    return card


def load_model(folder: Path, version: str | None = None) -> Model:
    """Check the card and the digests, and then load the model with the runtime of its format.

    A model file is not loaded before its digest matches the card: a pickle is code. A model with a
    mapped file is loaded from that, if it can be here and gives the scores that it gave.

    Args:
        folder: the model folder.
        version: the version that is wanted; None: whichever is there.

    Raises:
        shared.errors.model.ModelReplaced: the folder holds another version than that.
        shared.errors.model.ModelError: the folder is not a sound model, or no runtime can load it.
    """
    card = read_card(folder)
    if version not in (None, card.version):
        raise ModelReplaced(folder=folder, found=card.version, expected=version)
    if runtime := mapped_runtime(card.mapped):
        try:
            model: Model = runtime.load(folder, card)
        except (UnusableModel, OSError) as error:
            logger.warning("%s is loaded from %s: %s", card.full_name, card.model_file, error)
        else:
            return model
    return load_own(folder, card)


def load_own(folder: Path, card: Card) -> Model:
    """Load a model from its own file, with the runtime of its format. It must be checked before.

    Raises:
        shared.errors.model.ModelError: no runtime can load it.
    """
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
