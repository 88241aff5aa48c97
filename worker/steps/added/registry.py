"""Makes a model give the outputs that a job has added, beside its own.

Each kind of `shared.jobs.added_outputs` has a function here. It takes a model and returns one whose
`score` gives more columns. A row for which such a model raises gets an error like any other:
`worker.steps.bisection` scores it alone, and a job never gets a row with less than it asked for
without a word. A kind that can fail for a row without harm returns a missing value for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.jobs.added_outputs import AddedOutputs, Explanation
from shared.model import Model

#: Makes a model that also gives the outputs of one kind. It takes the model, what the job asks for,
#: and all models of the process, by full name.
Adder = Callable[[Model, Any, Mapping[str, Model]], Model]


def _explained(model: Model, added: Explanation, _models: Mapping[str, Model]) -> Model:
    return model.explained(added.terms)


#: How the outputs of each kind are made.
ADDERS: dict[type[AddedOutputs], Adder] = {Explanation: _explained}


def adding(model: Model, added: Sequence[AddedOutputs], models: Mapping[str, Model]) -> Model:
    """A model that also gives added outputs.

    Args:
        model: gives its own outputs, or those of them that are wanted.
        added: the kinds, in order.
        models: all models of the process, by full name.

    Raises:
        ValueError: the model cannot give them.
    """
    for one in added:
        model = ADDERS[type(one)](model, one, models)
    return model
