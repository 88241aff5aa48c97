"""Options of a request, from the query or a form."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import BadOption, UnknownOption


@dataclass(frozen=True)
class JobOptions:
    """How the rows of a job are to be read and scored."""

    model: str | None = None
    text_column: str = "text"
    ref_column: str | None = None


def job_options(*sources: Mapping[str, str]) -> JobOptions:
    """The options of a new job; a later source wins.

    Raises:
        shared.errors.UnknownOption: a name that is no option: a slip must not change a result.
        shared.errors.BadOption: an option without a value.
    """
    given = {name: value for source in sources for name, value in source.items()}
    known = list(JobOptions.__dataclass_fields__)
    for name, value in given.items():
        if name not in known:
            raise UnknownOption(option=name, options=", ".join(known))
        if not value:
            raise BadOption(option=name, value="", reason="it has no value")
    return JobOptions(**given)


def whole_number(source: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A number from 0 to `most`.

    Raises:
        shared.errors.BadOption: it is none.
    """
    text = source.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) > most:
        raise BadOption(option=name, value=text, reason=f"it must be a number from 0 to {most:,}")
    return int(text)
