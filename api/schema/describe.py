"""Descriptions of views, from which `api.docs.openapi` makes the OpenAPI document.

The rest of the document comes from the code too: paths and methods from the routes, scopes from
`api.security.access`, statuses from `api.errors`, options from `api.requests.options`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.errors import aliases as alias_errors
from shared.errors import input as input_errors
from shared.errors import service as errors
from shared.errors.base import ScorelaneError

Schema = dict[str, Any]

View = TypeVar("View", bound=Callable[..., Any])

#: The errors of every path that has the id of a job in it.
OF_A_JOB: tuple[type[ScorelaneError], ...] = (
    errors.MalformedJobId,
    errors.JobNotFound,
    errors.JobExpired,
    errors.JobLost,
    errors.JobNotRestored,
)

#: The errors of every path that takes the name of a model, but for one that there is not.
OF_A_MODEL: tuple[type[ScorelaneError], ...] = (
    alias_errors.AmbiguousVersion,
    alias_errors.NoChampion,
)

#: The errors of every path that takes rows.
OF_ROWS: tuple[type[ScorelaneError], ...] = (
    input_errors.NotJson,
    input_errors.NotGzip,
    input_errors.Packed,
    input_errors.UnknownOption,
    input_errors.BadOption,
    *(
        kind
        for kind in input_errors.BadInput.__subclasses__()
        if kind
        not in (input_errors.BadInferenceBody, input_errors.RowErrors, input_errors.PlaceError)
    ),
    errors.UnsupportedEncoding,
    errors.TooLarge,
    errors.BodiesFull,
    errors.ServiceFull,
    errors.BudgetSpent,
    errors.NoModelYet,
    *OF_A_MODEL,
)


#: The errors of a job that reads files where they are.
OF_PLACES: tuple[type[ScorelaneError], ...] = (
    *input_errors.PlaceError.__subclasses__(),
    errors.SourceUnavailable,
)

#: The errors of every path that takes rows and answers with their outputs.
OF_QUESTIONS: tuple[type[ScorelaneError], ...] = (
    *OF_ROWS,
    errors.OwnerFull,
    errors.NoWorker,
    errors.NoAnswerInTime,
    errors.QuestionsFull,
    errors.ModelChanged,
)


@dataclass(frozen=True)
class Content:
    """The content of a response or a request body in one media type.

    Attributes:
        media_type: such as `application/json`.
        schema: a JSON schema, or a type from which pydantic makes one: `shared.jobs.state.State`, a
            TypedDict.
        example: a value that the schema admits.
    """

    media_type: str
    schema: Any
    example: Any = None


@dataclass(frozen=True)
class Answer:
    """A response with one status.

    Attributes:
        description: one sentence.
        content: the media types that it may have; none if the body is empty.
        headers: the name of each header of its own, and a description.
    """

    description: str
    content: tuple[Content, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a request.

    Attributes:
        name: of the parameter.
        schema: of its value.
        description: one sentence.
        where: `query` or `header`.
        example: a value that the schema admits.
    """

    name: str
    schema: Schema
    description: str
    where: str = "query"
    example: Any = None


@dataclass(frozen=True)
class Description:
    """The description of a view; see `describes`."""

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
    """A decorator that describes a view, whose summary is the first paragraph of its docstring.

    Args:
        answers: the successful responses, by status.
        refused: the errors that the view may raise, without those that every path may raise.
        parameters: in the query and the headers; those in the path are known from the route.
        body: the media types of the request body.
    """

    def describe(view: View) -> View:
        view.__dict__["description"] = Description(answers, refused, parameters, body)
        return view

    return describe


def json(schema: Any, example: Any = None) -> tuple[Content, ...]:
    """The content of a response in JSON, with a schema and an example as in `Content`."""
    return (Content("application/json", schema, example),)


def number(least: int, most: int) -> Schema:
    """The schema of a whole number from `least` to `most`."""
    return {"type": "integer", "minimum": least, "maximum": most}
