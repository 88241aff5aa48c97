"""What an examination of an installation finds."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Weight(IntEnum):
    """How bad it is; the worst is the exit code of `scorelane doctor`."""

    FINE = 0
    WARNING = 1  #: It works, and will not always.
    FAULT = 2  #: It does not work.


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: a word: `redis`, `blobs`, `models`, ...
        said: what was found, in a sentence.
        advice: what to do; empty where all is well.
    """

    about: str
    weight: Weight
    said: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        """The finding, for programs."""
        return {
            "about": self.about,
            "weight": self.weight.name.lower(),
            "said": self.said,
            "advice": self.advice,
        }


def fine(about: str, said: str) -> Finding:
    """All is well."""
    return Finding(about, Weight.FINE, said)


def warning(about: str, said: str, advice: str) -> Finding:
    """It works, and will not always."""
    return Finding(about, Weight.WARNING, said, advice)


def fault(about: str, said: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(about, Weight.FAULT, said, advice)


def worst(findings: Iterable[Finding]) -> Weight:
    """The weight of the worst of them."""
    return max((finding.weight for finding in findings), default=Weight.FINE)
