"""What a check of `scorelane doctor` finds."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


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

    def as_json(self) -> dict[str, str]:
        """The finding for `scorelane doctor --json`."""
        return {
            "about": self.about,
            "weight": self.severity.name.lower(),
            "said": self.message,
            "advice": self.advice,
        }


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
