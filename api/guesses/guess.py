"""A guess of an option: its value, and the reason, for people."""

from typing import Annotated, NamedTuple

from pydantic import Field
from typing_extensions import TypedDict


class Guess(NamedTuple):
    """A guess of an option.

    Attributes:
        option: the name of the option of `POST /jobs`.
        value: its value, as a request has it.
        reason: a sentence or two for people: what was seen, and what was made of it.
        alternatives: other values that the file allows, the most probable first.
    """

    option: str
    value: str
    reason: str
    alternatives: tuple[str, ...] = ()

    def as_json(self) -> "GuessJson":
        """The guess as an answer has it."""
        return {
            "option": self.option,
            "value": self.value,
            "reason": self.reason,
            "alternatives": list(self.alternatives),
        }


class GuessJson(TypedDict):
    """A guess of what the request does not say, compared with the beginning of the file."""

    option: Annotated[str, Field(description="The name of an option.")]
    value: Annotated[str, Field(description="Its value, as a request has it.")]
    reason: Annotated[str, Field(description="What was seen in the file, for people.")]
    alternatives: Annotated[
        list[str],
        Field(description="Other values that the file allows, the most probable first."),
    ]
