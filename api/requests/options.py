"""Options of a request, from the query or a form."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, get_args

from werkzeug.datastructures import MultiDict

from api.schema.describe import Parameter, Schema
from api.uploads.carried import Asked
from shared.errors.input import BadOption, UnknownOption
from shared.jobs.job import ResultFormat
from shared.webhooks.target import MAX_URL_CHARS

#: The schema of an option that may be any text but an empty one.
TEXT: Schema = {"type": "string", "minLength": 1}


def option(default: Any, says: str, schema: Schema = TEXT, example: Any = None) -> Any:
    """A field of options, with what the document says of it."""
    return field(
        default=default, metadata={"description": says, "schema": schema, "example": example}
    )


@dataclass(frozen=True)
class RowOptions:
    """How rows are to be read and scored."""

    model: str | None = option(None, "The model's name; the service has a default.")
    text_column: str = option("text", "The column of the texts.")
    ref_column: str | None = option(
        None, "The column of the references; else `ref`, if there is one."
    )


def parameters_of(options: type) -> tuple[Parameter, ...]:
    """What the document says of options; each may also be a field of a form."""
    return tuple(Parameter(one.name, **one.metadata) for one in fields(options))


@dataclass(frozen=True)
class JobOptions(RowOptions):
    """How the rows of a job are to be read and scored; and its terms, for `api.requests.terms`.

    Attributes:
        columns: those that are carried through to the results; None: all.
    """

    delimiter: str | None = option(
        None,
        "What ends the cells of a CSV: an ASCII character, or `comma`, `semicolon`, `tab`, `pipe`.",
        example="semicolon",
    )
    charset: str | None = option(None, "Of the text, if not UTF-8.", example="latin-1")
    columns: tuple[str, ...] | None = option(
        (),
        "Columns to carry through to the results: names with commas between them, or `all`.",
        example="all",
    )
    format: str = option(
        "csv",
        "What the results are kept in. They come in any format; only in this one can a download "
        "that was cut go on.",
        {"enum": list(get_args(ResultFormat))},
        example="parquet",
    )
    on_error: str = option(
        "skip",
        "What becomes of the job when rows have an error: `skip` (nothing), `fail`, or the share "
        "of such rows above which it fails.",
        {"type": "string", "pattern": r"^(skip|fail|0\.[0-9]{1,9})$"},
        example="0.05",
    )
    label: tuple[str, ...] = option(
        (),
        "`key:value`, to find the job by; as many as are given, up to 16.",
        {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Za-z0-9_./-]{1,64}:[ -~]{0,256}$"},
            "maxItems": 16,
        },
        example=["team:growth"],
    )
    validate: str = option(
        "false",
        "`true`: say what would become of the job, and make none. Only in the query.",
        {"enum": ["true", "false"]},
        example="false",
    )
    retention_seconds: str | None = option(
        None,
        "How long the job is kept after its end.",
        {"type": "integer", "minimum": 60},
        example=86400,
    )
    callback_url: str | None = option(
        None,
        "Where the end of the job is told, by a signed POST.",
        {"type": "string", "format": "uri", "maxLength": MAX_URL_CHARS},
        example="https://example.org/scored",
    )


#: What may be given more than once.
_REPEATED = frozenset({"label"})


#: Delimiters that are hard to type into an address.
_DELIMITERS = {
    "comma": ",",
    "pipe": "|",
    "semicolon": ";",
    "space": " ",
    "tab": "\t",
    r"\t": "\t",
}

Options = TypeVar("Options", bound=RowOptions)


def row_options(*sources: Mapping[str, str]) -> RowOptions:
    """The options of `POST /sentiment`; see `job_options`."""
    return _read(RowOptions, sources)


def job_options(*sources: Mapping[str, str]) -> JobOptions:
    """The options of a new job; a later source wins.

    Raises:
        shared.errors.input.UnknownOption: a name that is no option: a slip must not change a
            result.
        shared.errors.input.BadOption: an option without a value, or with one that it cannot have,
            or with two.
    """
    return _read(JobOptions, sources)


def _read(kind: type[Options], sources: tuple[Mapping[str, str], ...]) -> Options:
    known = [one.name for one in fields(kind)]
    values: dict[str, Any] = {}
    for source in sources:
        here = set()
        for name, value in _pairs(source):
            if name not in known:
                raise UnknownOption(option=name, options=", ".join(known))
            if not value:
                raise BadOption(option=name, value="", reason="it has no value")
            if name in _REPEATED:
                values[name] = (*values.get(name, ()), value)
                continue
            if name in here:
                raise BadOption(option=name, value=value[:80], reason="it has two values")
            here.add(name)
            values[name] = _VALUES[name](value) if name in _VALUES else value
    return kind(**values)


def _pairs(source: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return source.items(multi=True) if isinstance(source, MultiDict) else source.items()


def _delimiter(value: str) -> str:
    found = _DELIMITERS.get(value.lower(), value)
    if len(found) != 1 or not found.isascii() or found in '"\r\n\0':
        names = ", ".join(name for name in _DELIMITERS if name.isalpha())
        reason = f"it must be one ASCII character and no quote or line break, or one of {names}"
        raise BadOption(option="delimiter", value=value[:80], reason=reason)
    return found


def _columns(value: str) -> Asked:
    if value == "all":
        return None
    # As in a line of a CSV: a name with a comma in it has quotes.
    try:
        [names] = csv.reader([value], skipinitialspace=True, strict=True)
    except (ValueError, csv.Error):
        names = []
    names = [name.strip() for name in names]
    if not all(names) or len(set(names)) < max(len(names), 1):
        reason = "it must be all, or names with commas between them, each once"
        raise BadOption(option="columns", value=value[:80], reason=reason)
    return tuple(names)


def _format(value: str) -> str:
    known = get_args(ResultFormat)
    if value not in known:
        reason = f"the results are kept in one of {', '.join(known)}"
        raise BadOption(option="format", value=value[:80], reason=reason)
    return value


#: What an option becomes whose value is not taken as it is.
_VALUES: dict[str, Callable[[str], Any]] = {
    "columns": _columns,
    "delimiter": _delimiter,
    "format": _format,
}


def whole_number(source: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A number from 0 to `most`.

    Raises:
        shared.errors.input.BadOption: it is none.
    """
    text = source.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) > most:
        raise BadOption(option=name, value=text, reason=f"it must be a number from 0 to {most:,}")
    return int(text)
