"""The outputs that a job adds to those of its model: whether it can have them."""

from collections.abc import Sequence

from pydantic import BaseModel

from api.requests.options import JobOptions
from shared.errors.input import BadOption
from shared.fleet import Served
from shared.jobs.added_outputs import (
    EXPLANATION_COSTS,
    AddedOutputs,
    Explanation,
    Reach,
    with_added,
)
from shared.signature import Signature

#: The option that asks for each kind.
_OPTIONS: dict[type[BaseModel], str] = {Explanation: "explain", Reach: "reach"}


def added_of(options: JobOptions) -> tuple[AddedOutputs, ...]:
    """The kinds of outputs that a request adds to those of its model, in order."""
    found: list[AddedOutputs] = []
    if options.explain is not None:
        found.append(Explanation(terms=options.explain))
    # Last: what reads the texts surrounds what explains their scores.
    if options.reach:
        found.append(Reach())
    return tuple(found)


def can_add(added: Sequence[AddedOutputs], served: Served) -> bool:
    """Whether the workers can give these kinds of outputs for a model."""
    try:
        for one in added:
            _check(one, served)
    except ValueError:
        return False
    return True


def signature_with(added: Sequence[AddedOutputs], served: Served) -> Signature:
    """The signature of a model with the added outputs.

    Raises:
        shared.errors.input.BadOption: the model cannot give them.
    """
    done: list[AddedOutputs] = []
    for one in added:
        try:
            _check(one, served)
            done.append(one)
            signature = with_added(served.card.signature, done)
        except ValueError as error:
            raise BadOption(option=_OPTIONS[type(one)], value=_value(one), reason=error) from error
    return signature if done else served.card.signature


def at_rate_of(added: Sequence[AddedOutputs], served: Served) -> Served:
    """A model with the rate at which it gives added outputs too, about; parts are cut by it."""
    rate = served.rate
    if any(isinstance(one, Explanation) for one in added):
        rate /= EXPLANATION_COSTS[served.explained_by]
    return served if rate == served.rate else served.model_copy(update={"rate": rate})


def _check(added: AddedOutputs, served: Served) -> None:
    """Check that the workers can give a kind of outputs for a model.

    Raises:
        ValueError: they cannot.
    """
    if isinstance(added, Explanation) and not served.explained_by:
        reason = f": {served.unexplained}" if served.unexplained else ""
        raise ValueError(
            f"the scores of {served.card.name} cannot be explained{reason}; `explained_by` in "
            "GET /models says which models can"
        )
    if isinstance(added, Reach) and not served.tells_reach:
        raise ValueError(
            f"{served.card.name} cannot tell which words of a text it knows; `reach` in "
            "GET /models says which models can"
        )


def _value(added: AddedOutputs) -> str:
    return str(added.terms) if isinstance(added, Explanation) else "true"
