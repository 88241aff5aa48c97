"""The outputs that a job has beyond those of its model, by their kinds.

At admission they are appended to the signature in the job's `Spec`. So every result format, page
and summary has them by the same code as the outputs of the model. `Spec.added` says which kinds
they are, and `worker.steps.added` makes their values.

To add a kind: a class here with a `kind` of its own, in the union `AddedOutputs`; a class for it in
`worker.steps.added.registry`; and the option that asks for it in `api.submission.admission`.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.signature import Output, Signature

#: The most terms of an explanation.
MOST_TERMS = 20

#: The names of the columns of an explanation; those with a number are counted from 1.
EXPLANATION, EFFECT = "explanation_{}", "effect_{}"
OTHER_EFFECTS, BASE_VALUE, EXPLAINED = "other_effects", "base_value", "explained_class"

#: The names of the columns of reach.
KNOWN_WORDS, TEXT_CUT, OTHER_LANGUAGE = "known_words", "text_cut", "other_language"
_SIGNS = (TEXT_CUT, OTHER_LANGUAGE)


#: How many times a row is scored for an explanation, about, by how the model is explained. With a
#: linear model it takes a quarter longer; but parts with fewer rows would cost more than that.
EXPLANATION_COSTS = {"linear": 1.0, "tree": 20.0, "shapley": 100.0, "occlusion": 20.0}


class Explanation(BaseModel):
    """The terms of a row's text, or its columns, that moved the score most, and by how much.

    Attributes:
        terms: how many of them, K. A row with fewer leaves the rest empty.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["explanation"] = "explanation"
    terms: int = Field(ge=1, le=MOST_TERMS)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """K names and K effects, in descending order of the effects' sizes; then the rest.

        The effects, the other effects and the base value add up to the explained number of the
        model. Both last ones are empty if they do not add up. The class is that of the number;
        empty if it is of no class.
        """
        found: list[Output] = []
        for at in range(1, self.terms + 1):
            name, effect = EXPLANATION.format(at), EFFECT.format(at)
            found.append(Output(name=name, type="string", meaning="explanation", required=False))
            found.append(Output(name=effect, meaning="effect", required=False))
        found.append(Output(name=OTHER_EFFECTS, meaning="effect", required=False))
        found.append(Output(name=BASE_VALUE, meaning="effect", required=False))
        found.append(Output(name=EXPLAINED, type="string", meaning="explanation", required=False))
        return tuple(found)


class Reach(BaseModel):
    """What the model has read of each text; see `shared.reach`."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["reach"] = "reach"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The share of the words that the model knows, and two signs that a score says little.

        A text without words has no share.
        """
        share = Output(name=KNOWN_WORDS, meaning="reach", minimum=0.0, maximum=1.0, required=False)
        signs = (Output(name=name, type="boolean", meaning="reach") for name in _SIGNS)
        return (share, *signs)


#: What a job has added.
AddedOutputs = Annotated[Explanation | Reach, Field(discriminator="kind")]


def outputs_of(added: Iterable[AddedOutputs]) -> tuple[Output, ...]:
    """The outputs of all kinds, in order."""
    return tuple(output for one in added for output in one.outputs)


def with_added(signature: Signature, added: Iterable[AddedOutputs]) -> Signature:
    """The signature of a model with added outputs after its own.

    Raises:
        ValueError: the model has an output with the name of an added one, or two added ones have
            the same name.
    """
    outputs = outputs_of(added)
    taken = [one.name for one in signature.outputs]
    for output in outputs:
        if output.name in taken:
            raise ValueError(f"there is an output '{output.name}' already")
        taken.append(output.name)
    return Signature(inputs=signature.inputs, outputs=(*signature.outputs, *outputs))
