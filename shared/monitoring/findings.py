"""What a check of the service finds: for `scorelane doctor` and for `GET /service`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

#: How a finding names the place of the program whose settings and clock it compares.
HERE, AT_THE_API = "here", "at the API"


class Severity(IntEnum):
    """How bad a finding is; the worst one is the exit code of `scorelane doctor`."""

    FINE = 0
    WARNING = 1  #: It works now, and will not always.
    FAULT = 2  #: It does not work.


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        about: the subject, in one word: `redis`, `blobs`, `models`, ...
        severity: how bad it is.
        message: what was found, as a sentence.
        advice: what to do about it; empty if all is well.
    """

    about: str
    severity: Severity
    message: str
    advice: str = ""

    def as_json(self) -> "FindingJson":
        """The finding as `scorelane doctor --json` and the API give it."""
        return {
            "about": self.about,
            "level": self.severity.name.lower(),
            "message": self.message,
            "advice": self.advice,
        }


class FindingJson(TypedDict):
    """What a check has found."""

    about: Annotated[str, Field(description="The subject, in one word.")]
    level: Annotated[
        str,
        Field(
            description="`fine`; `warning`: it works now, and will not always; `fault`: it does "
            "not work.",
            pattern="^(fine|warning|fault)$",
        ),
    ]
    message: Annotated[str, Field(description="A sentence.")]
    advice: Annotated[str, Field(description="What to do; empty if all is well.")]


def finding_of(found: Mapping[str, str]) -> Finding:
    """The finding that `Finding.as_json` has given.

    Raises:
        KeyError: a field is missing, or the level is unknown.
        TypeError: a field is no text.
        AttributeError: the level is no text.
    """
    about, message, advice = (found[name] for name in ("about", "message", "advice"))
    if not all(isinstance(text, str) for text in (about, message, advice)):
        raise TypeError(found)
    return Finding(about, Severity[found["level"].upper()], message, advice)


def fine(about: str, message: str) -> Finding:
    """A finding that all is well."""
    return Finding(about, Severity.FINE, message)


def warning(about: str, message: str, advice: str) -> Finding:
    """A finding of something that works now, and will not always."""
    return Finding(about, Severity.WARNING, message, advice)


def fault(about: str, message: str, advice: str) -> Finding:
    """A finding of something that does not work."""
    return Finding(about, Severity.FAULT, message, advice)


def worst(findings: Iterable[Finding]) -> Severity:
    """The highest severity of the findings; FINE if there are none."""
    return max((finding.severity for finding in findings), default=Severity.FINE)
