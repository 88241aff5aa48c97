"""Makes a model give the outputs that a job has added, beside its own.

Each kind of `shared.jobs.added_outputs` has a function here. It takes what scores rows, and returns
what gives more columns for them. A row for which that raises gets an error like any other:
`worker.steps.bisection` scores it alone, and a job never gets a row with less than it asked for
without a word. A kind that can fail for a row without harm returns a missing value for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from shared.jobs.added_outputs import AddedOutputs, Explanation, Reach
from shared.model import Model, Scorer
from worker.steps.added.reach import ReachModel

#: Makes a scorer that also gives the outputs of one kind. It takes a scorer, what the job asks for,
#: and all models of the process, by full name.
Adder = Callable[[Any, Any, Mapping[str, Model]], Scorer]


def _explained(model: Model, added: Explanation, _models: Mapping[str, Model]) -> Scorer:
    return model.explained(added.terms)


def _reach(model: Scorer, _added: Reach, models: Mapping[str, Model]) -> Scorer:
    return ReachModel(model, models[model.card.full_name], as_outputs=True)


#: How the outputs of each kind are made. A model explains itself while it scores, so explanations
#: come first.
ADDERS: dict[type[BaseModel], Adder] = {Explanation: _explained, Reach: _reach}


def adding(model: Model, added: Sequence[AddedOutputs], models: Mapping[str, Model]) -> Scorer:
    """A scorer that gives the outputs of a model, and added ones.

    Args:
        model: gives its own outputs, or those of them that are wanted.
        added: the kinds, in order.
        models: all models of the process, by full name.

    Raises:
        ValueError: the model cannot give them.
    """
    scorer: Scorer = model
    for one in sorted(added, key=lambda one: list(ADDERS).index(type(one))):
        scorer = ADDERS[type(one)](scorer, one, models)
    return scorer
