"""What the code for a kind of model file tells `add_model` about the file that it has copied."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.signature import Signature

if TYPE_CHECKING:
    # Only for the type: a Keras model is added without pandas.
    import pandas as pd


@dataclass(frozen=True)
class Copied:
    """A model file in its folder, as it was understood.

    Attributes:
        options: the options of its card.
        figures: the figures of its card.
        signature: the columns that the model takes and gives; None: those of `SENTIMENT`.
        sources: the name of an input, or `outputs` -> where the signature has it from.
        notes: sentences for the person who adds the model.
        format: the format of its card; None: the one of the ending of the file.
        libraries: the distributions that its classes come from.
        example: rows that the model must score; None: rows are made from the signature.
    """

    options: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    signature: Signature | None = None
    sources: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    example: "pd.DataFrame | None" = None
    format: str | None = None
    libraries: tuple[str, ...] = ()
