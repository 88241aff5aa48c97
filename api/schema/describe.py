"""What a view says of itself; `api.docs.openapi` makes the document for programs of it.

The rest the document has from the code too: addresses and methods from the routes, scopes from
`api.security.access`, statuses from `api.errors`, options from `api.requests.options`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.errors import input as input_errors
from shared.errors import service as errors
from shared.errors.base import ScorelaneError

Schema = dict[str, Any]

View = TypeVar("View", bound=Callable[..., Any])

#: Any of these may be raised where an address has the id of a job in it.
OF_A_JOB: tuple[type[ScorelaneError], ...] = (
    errors.MalformedJobId,
    errors.JobNotFound,
    errors.JobExpired,
    errors.JobLost,
    errors.JobNotRestored,
)

#: Where rows come in.
OF_ROWS: tuple[type[ScorelaneError], ...] = (
    input_errors.NotJson,
    input_errors.NotGzip,
    input_errors.Packed,
    input_errors.UnknownOption,
    input_errors.BadOption,
    *(kind for kind in input_errors.BadInput.__subclasses__()),
    errors.UnsupportedEncoding,
    errors.TooLarge,
    errors.ServiceFull,
    errors.NoModelYet,
)


@dataclass(frozen=True)
class Content:
    """What an answer or a body holds in one media type.

    Attributes:
        media_type: such as `application/json`.
        schema: a type, of which the schema is made (`shared.jobs.job.State`, a TypedDict), or
            a schema as it stands.
        example: a value that the schema admits.
    """

    media_type: str
    schema: Any
    example: Any = None


@dataclass(frozen=True)
class Answer:
    """What an address answers with one status.

    Attributes:
        says: a sentence.
        content: none where the answer is empty.
        headers: what each of its headers says.
    """

    says: str
    content: tuple[Content, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query, or a header of the request."""

    name: str
    schema: Schema
    says: str
    where: str = "query"
    example: Any = None


@dataclass(frozen=True)
class Description:
    """All of it."""

    answers: Mapping[int, Answer]
    refused: tuple[type[ScorelaneError], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Content, ...] = ()


def describes(
    answers: Mapping[int, Answer],
    *,
    refused: tuple[type[ScorelaneError], ...] = (),
    parameters: tuple[Parameter, ...] = (),
    body: tuple[Content, ...] = (),
) -> Callable[[View], View]:
    """Describe the view below: its summary is the first line of its docstring.

    Args:
        answers: what it answers when all is well, by status.
        refused: the errors that it may raise; those of every address need not be named.
        parameters: of the query and the request's headers; those of the path are known.
        body: what it takes.
    """

    def describe(view: View) -> View:
        view.__dict__["description"] = Description(answers, refused, parameters, body)
        return view

    return describe


def json(schema: Any, example: Any = None) -> tuple[Content, ...]:
    """The content of an answer in JSON."""
    return (Content("application/json", schema, example),)


def number(least: int, most: int) -> Schema:
    """The schema of a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}
