"""Gives a new model a file that the processes of a worker map, if the model can be mapped."""

from pathlib import Path

import pandas as pd

from shared.card import Card, save_card
from shared.model import Model

#: The formats of models that `scoring.mapped` can map.
_FORMATS = ("pkl", "skops")


def with_mapped_file(folder: Path, model: Model, rows: pd.DataFrame | None = None) -> Card:
    """Write the mapped file and the card of a new model; the last step that changes its folder.

    Args:
        folder: the model folder.
        model: loaded from it.
        rows: rows on which the two must agree, besides texts of the model's own words.

    Returns:
        The card, which names the file if the model can be mapped.

    Raises:
        OSError: the file cannot be written.
    """
    if model.card.format not in _FORMATS:
        return model.card
    # Imported here: scikit-learn is not needed for a Keras model.
    from scoring.mapped.writing import write_mapped  # noqa: PLC0415

    card = write_mapped(folder, model, rows)
    save_card(folder, card)
    return card
