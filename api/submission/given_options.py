"""The options of a submission, in the words of the request."""

from collections.abc import Iterable

from api.guesses.csv_form import NAMES
from api.guesses.guess import Guess
from api.requests.content import IN_THE_QUERY, RequestContent
from api.requests.option_values import PARSERS
from api.requests.options import JobOptions
from api.uploads.charsets import is_utf8
from api.uploads.formats import Format
from shared.errors.input import BadOption

#: The options that other fields of a job tell, and the address of a callback, which may hold a
#: secret.
_TOLD_APART = ("model", "label", "on_error", "priority", "retention_seconds", "callback_url")

#: The most characters of the options that a job keeps: more would not fit into an address.
MOST_CHARS = 8000


def options_of(content: RequestContent, guesses: Iterable[Guess]) -> dict[str, str | list[str]]:
    """Return the options of a submission that is read as a dry run was, as a request has them.

    Only those that differ from the defaults; with the delimiter and the charset that the content
    type or the name of the file implies, as the submission may be sent in another way.

    Args:
        content: the content of the dry run.
        guesses: of the dry run.
    """
    found: dict[str, str | list[str]] = {}
    if content.kind.delimiter:
        found["delimiter"] = NAMES[content.kind.delimiter]
    if content.charset and content.kind.format is Format.CSV and not is_utf8(content.charset):
        found["charset"] = content.charset
    labels = list[str]()
    for source in content.sources:
        found |= {name: value for name, value in source.items() if name not in IN_THE_QUERY}
        labels += source.getlist("label")
    if labels:
        found["label"] = labels
    found |= {one.option: one.value for one in guesses if one.option not in content.given}
    return {name: value for name, value in found.items() if not _is_default(name, value)}


def kept_options(content: RequestContent) -> dict[str, str] | None:
    """Return the options that a job keeps, so that another file can be submitted likewise.

    Args:
        content: the content of the submission, read to its end.

    Returns:
        Those that no other field of the job tells; None if they are longer than `MOST_CHARS`.
    """
    given = options_of(content, ())
    kept = {name: str(value) for name, value in given.items() if name not in _TOLD_APART}
    return kept if sum(map(len, (*kept, *kept.values()))) <= MOST_CHARS else None


def _is_default(name: str, value: str | list[str]) -> bool:
    if isinstance(value, list):
        return False
    try:
        parsed = PARSERS[name](value) if name in PARSERS else value
    except BadOption:
        return False
    return bool(parsed == getattr(JobOptions, name, None))
