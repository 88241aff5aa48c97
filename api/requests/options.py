"""The options of a request, from its query or the fields of its form."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, get_args

from werkzeug.datastructures import MultiDict

from api.requests.option_values import PARSERS, QUOTINGS
from api.schema.describe import Parameter, Schema
from shared.errors.input import BadOption, UnknownOption
from shared.jobs.added_outputs import MOST_TERMS
from shared.jobs.spec import Keep, ResultFormat
from shared.webhooks.target import MAX_URL_CHARS

#: The schema of an option that may be any text except an empty one.
TEXT: Schema = {"type": "string", "minLength": 1}


def option(default: Any, description: str, schema: Schema = TEXT, example: Any = None) -> Any:
    """Make a field of an options class, with its description, schema and example in OpenAPI."""
    return field(
        default=default, metadata={"description": description, "schema": schema, "example": example}
    )


@dataclass(frozen=True)
class RowOptions:
    """How rows are read and scored."""

    model: str | None = option(
        None,
        "The model: `mine`, `mine@3f2a` (a version, or at least 4 digits of its beginning) or "
        "`mine@challenger` (an alias). The service has a default.",
    )
    text_column: str | None = option(
        None, "The column with the texts. Default: the name of the model's input, mostly `text`."
    )
    ref_column: str | None = option(
        None, "The column with the references. Default: `ref`, if it exists."
    )
    rename: tuple[str, ...] = option(
        (),
        "The columns that have another name than the model's inputs, separated by commas: "
        "`yours:its`.",
        example="Age:age,Fare:fare",
    )
    outputs: tuple[str, ...] | None = option(
        (),
        "The outputs of the model that the results have: names separated by commas, or `all`. "
        "Default: those that need no request.",
        example="label",
    )


def parameters_of(options: type, *, without: Collection[str] = ()) -> tuple[Parameter, ...]:
    """Return the query parameters for the fields of an options class, for OpenAPI."""
    return tuple(
        Parameter(one.name, **one.metadata) for one in fields(options) if one.name not in without
    )


@dataclass(frozen=True)
class JobOptions(RowOptions):
    """How the rows of a job are read and scored, and its terms; see `api.requests.terms`.

    Attributes:
        columns: the names of the columns that are carried through to the results; None: all.
    """

    delimiter: str | None = option(
        None,
        "The character between the cells of a CSV: an ASCII character, or `comma`, `semicolon`, "
        "`tab`, `pipe`.",
        example="semicolon",
    )
    decimal: str = option(
        ".",
        "The decimal sign of numbers in a CSV or TSV.",
        {"enum": [".", ",", "point", "comma"]},
        example="comma",
    )
    charset: str | None = option(
        None, "The charset of the text. Default: UTF-8.", example="latin-1"
    )
    quoting: str | None = option(
        None,
        "What a double quote is in a CSV. `double`: quotes may enclose a cell (RFC 4180). `none`: "
        "a character like any other; a row ends at every line end. Default: `double`, and a "
        "tab-separated file whose quotes do not pair, or seem to merge rows, is refused.",
        {"enum": list(QUOTINGS)},
        example="none",
    )
    columns: tuple[str, ...] | None = option(
        (),
        "The columns that are carried through to the results: names separated by commas, or `all`.",
        example="all",
    )
    models: tuple[str, ...] = option(
        (),
        "Two models, separated by a comma, in place of `model`: each row is read once and scored "
        "by both. The results are those of the first, with a column of each output of the second, "
        "and the summary compares them.",
        example="mine@champion,mine@challenger",
    )
    label_column: str | None = option(
        None,
        "With `models`: the column of the right values. The results carry it, and the summary "
        "says which model is right more often, and whether by chance.",
        example="label",
    )
    explain: int | None = option(
        None,
        "Also say, for each row, which terms of its text or which of its columns moved the score "
        "most, and by how much: so many of them. `explained_by` in `GET /models` says for which "
        "models. Not for `/sentiment` and `/score`.",
        {"type": "integer", "minimum": 1, "maximum": MOST_TERMS},
        example=3,
    )
    reach: bool = option(
        False,
        "Also say, for each row, what the model has read of its text: the share of the words that "
        "it knows (`known_words`), whether the text was cut (`text_cut`), and whether it looks "
        "like another language (`other_language`). `reach` in `GET /models` says for which models. "
        "Not for `/sentiment` and `/score`.",
        {"type": "boolean"},
    )
    format: str = option(
        "csv",
        "The format in which the results are stored. They can be downloaded in any format, but an "
        "interrupted download can only be resumed in this one.",
        {"enum": list(get_args(ResultFormat))},
        example="parquet",
    )
    on_error: str = option(
        "skip",
        "What happens to the job if rows have an error: `skip` (nothing), `fail`, or the share of "
        "such rows above which the job fails.",
        {"type": "string", "pattern": r"^(skip|fail|0\.[0-9]{1,9})$"},
        example="0.05",
    )
    priority: str = option(
        "normal",
        "Among the jobs of the same owner: `high` gets four times as much of the workers as "
        "`normal`, and `low` a quarter. It changes nothing for other owners.",
        {"enum": ["low", "normal", "high"]},
        example="low",
    )
    label: tuple[str, ...] = option(
        (),
        "A label `key:value` to find the job by. It may be given up to 16 times.",
        {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Za-z0-9_./-]{1,64}:[ -~]{0,256}$"},
            "maxItems": 16,
        },
        example=["team:growth"],
    )
    validate: str = option(
        "false",
        "`true`: a dry run. It checks the request, previews its rows and makes no job. Only in the "
        "query.",
        {"enum": ["true", "false"]},
        example="false",
    )
    guess: str = option(
        "false",
        "`true`, only in a dry run and in the query: what the request does not say is guessed from "
        "the file's beginning, its delimiter, charset, quoting, decimal sign and columns. The "
        "answer says each guess with its reason, and the options of a submission that is read so.",
        {"enum": ["true", "false"]},
        example="false",
    )
    total_bytes: int | None = option(
        None,
        "Only in a dry run and in the query, if the body is only the beginning of a CSV or NDJSON "
        "file: the bytes of the whole file, as it is stored. The estimate is of the whole file.",
        {"type": "integer", "minimum": 1},
        example=4_000_000_000,
    )
    keep: str = option(
        "all",
        "`none`: the rows and results are deleted a minute after the results were downloaded "
        "completely, or some time after the end of the job. The receipt stays.",
        {"enum": list(get_args(Keep))},
        example="none",
    )
    retention_seconds: str | None = option(
        None,
        "How many seconds the job is kept after its end.",
        {"type": "integer", "minimum": 60},
        example=86400,
    )
    callback_url: str | None = option(
        None,
        "An address that receives a signed POST when the job ends.",
        {"type": "string", "format": "uri", "maxLength": MAX_URL_CHARS},
        example="https://example.org/scored",
    )


#: The options that may be given more than once.
_REPEATED = frozenset({"label"})


Options = TypeVar("Options", bound=RowOptions)


def row_options(*sources: Mapping[str, str]) -> RowOptions:
    """Parse the options of `POST /sentiment` and `POST /score`; see `job_options`."""
    return read_options(RowOptions, sources)


def job_options(*sources: Mapping[str, str]) -> JobOptions:
    """Parse the options of a new job.

    Args:
        sources: the query, then the fields of a form; an option in a later source replaces one in
            an earlier source, but labels are added.

    Raises:
        shared.errors.input.UnknownOption: a name is not an option. It is not ignored, as a typing
            mistake must not change a result.
        shared.errors.input.BadOption: an option has no value, a value that cannot be used, or two
            values.
    """
    return read_options(JobOptions, sources)


def read_options(
    kind: type[Options], sources: tuple[Mapping[str, str], ...], without: Collection[str] = ()
) -> Options:
    """Parse the options of a class; see `job_options`.

    Args:
        kind: the class.
        sources: as `job_options` takes them.
        without: the names of its fields that are no options.
    """
    names = [one.name for one in fields(kind) if one.name not in without]
    values: dict[str, Any] = {}
    for source in sources:
        seen = set()
        for name, value in _pairs(source):
            if name not in names:
                raise UnknownOption(option=name, options=", ".join(names))
            if not value:
                raise BadOption(option=name, value="", reason="it has no value")
            if name in _REPEATED:
                values[name] = (*values.get(name, ()), value)
                continue
            if name in seen:
                raise BadOption(option=name, value=value[:80], reason="it has two values")
            seen.add(name)
            values[name] = PARSERS[name](value) if name in PARSERS else value
    return kind(**values)


def _pairs(source: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return source.items(multi=True) if isinstance(source, MultiDict) else source.items()


def whole_number(
    source: Mapping[str, str], name: str, default: int, most: int, least: int = 0
) -> int:
    """Parse an option that is a whole number from `least` to `most`.

    Args:
        source: the query.
        name: of the option.
        default: if the option is not given.
        most: the largest number.
        least: the smallest number.

    Raises:
        shared.errors.input.BadOption: the value is not such a number.
    """
    text = source.get(name, str(default))
    is_number = text.isascii() and text.isdecimal() and len(text) <= 18
    if not is_number or not least <= int(text) <= most:
        reason = f"it must be a number from {least:,} to {most:,}"
        raise BadOption(option=name, value=text, reason=reason)
    return int(text)
