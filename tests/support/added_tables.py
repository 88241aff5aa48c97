"""Pipelines over the passengers, and their rows as a worker gives them to a model."""

from sklearn.pipeline import make_pipeline
from support.passengers import FATES, PASSENGERS, columns

from shared.tables.trial_rows import typed_frame
from training.added.example_rows import example_values


def piped(final, target=FATES):
    return make_pipeline(columns(), final).fit(PASSENGERS, target)


def frame_for(model, rows=PASSENGERS):
    """The rows as a worker gives them to a model: without columns that it does not name."""
    inputs = model.card.signature.inputs
    return typed_frame(inputs, example_values(rows, inputs))
