"""A model that scores: the contract of a runtime, and how a model folder is loaded."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from shared.card import Card, read_card, write_card
from shared.digests import file_digest, version_of
from shared.errors.model import (
    ModelReplaced,
    NoRuntime,
    UnknownFormat,
    UnusableModel,
)
from shared.mapped_file import mapped_runtime
from shared.signature import SCORE, TEXT

if TYPE_CHECKING:
    # Only for the signature: the API imports this module, and has no pandas.
    import pandas as pd

logger = logging.getLogger(__name__)

#: The entry points by which packages name the class that runs a format.
RUNTIMES = "scorelane.runtimes"

# Runtimes of other packages import these from here.
__all__ = ["SCORE", "TEXT", "Card", "file_digest", "read_card", "version_of", "write_card"]

#: How the effects of terms and columns on a score are found. `linear`: weight times value, which is
#: exact. `tree`: from the paths through decision trees. `shapley`: Shapley values of boosted trees,
#: as their libraries compute them. `occlusion`: by scoring the row without each of them. Empty: not
#: at all.
ExplainedBy = Literal["", "linear", "tree", "shapley", "occlusion"]


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

    def score_texts(self, texts: Sequence[str]) -> Mapping[str, Any] | None:  # noqa: ARG002  for runtimes
        """As `score`, but for n >= 1 texts that are not in a frame; None: only `score` can.

        A frame takes most of the time of few texts. A runtime may override this if its models take
        texts alone; `score` must give the same values.

        Returns:
            The columns that `score` gives, by name: an array of n values each, whose dtype is the
            one that the column has in a frame.
        """
        return None

    #: Whether `score_texts` also takes `shared.tables.spans.Texts`, which are not strings yet.
    reads_spans: bool = False

    def for_outputs(self, names: Iterable[str]) -> "Model":  # noqa: ARG002  for runtimes
        """The model for rows of which only some outputs, `names`, are wanted.

        Its `score` may leave the others out. A runtime overrides this if that saves time.
        """
        return self

    #: How `explained` finds the effects; empty: the model cannot be explained.
    explained_by: ExplainedBy = ""

    #: Why `explained_by` is empty, as a user reads it; empty: it is not, or the reason is unknown.
    unexplained: str = ""

    def explained(self, terms: int) -> Scorer:  # noqa: ARG002  for runtimes
        """The model with the outputs of `shared.jobs.added_outputs.Explanation` after its own.

        Args:
            terms: the number of terms or columns that are named for each row.

        Raises:
            ValueError: `explained_by` is empty.
        """
        reason = f": {self.unexplained}" if self.unexplained else ""
        raise ValueError(f"{self.card.full_name} cannot be explained{reason}")

    def with_reach(self) -> "Model | None":
        """The model with the columns of `shared.reach.REACH` after its outputs; None: it has none.

        A model of texts has them if it can tell which words it knows. This takes less time than
        `reach` beside `score`.
        """
        return None

    def reach(self, frame: "pd.DataFrame") -> "pd.DataFrame | None":  # noqa: ARG002  for runtimes
        """The columns of `shared.reach.REACH` alone, with the index of the frame; None: unknown."""
        return None

    def warm_up(self) -> None:
        """Do the work now that would otherwise slow down the first call of `score`."""

    def trial_values(self) -> Mapping[str, Sequence[Any]]:
        """Values that the model can score, by the name of their input.

        `shared.tables.trial_rows` makes rows of them. An input whose values may be any of its type
        has none.
        """
        return {}


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
