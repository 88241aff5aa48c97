"""Problems (RFC 9457) in the OpenAPI document: their schema, and the answers that are problems."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from api.docs.problem_examples import example_of
from api.errors import RETRY_AFTER, status_of
from api.schema.describe import Schema
from shared.errors import service as errors
from shared.errors.base import ScorelaneError

#: The schema of a problem.
PROBLEM: Schema = {
    "type": "object",
    "description": "A problem (RFC 9457).",
    "properties": {
        "type": {"type": "string", "pattern": "^urn:scorelane:problem:[a-z0-9-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what to do."},
        "request_id": {"type": "string", "description": "The request's id in the log."},
        "columns": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Of a refused dry run: the columns of the upload, if they are known.",
        },
        "sample": {
            "type": "object",
            "description": "Of a refused dry run: as in the answer of one, if it is known.",
        },
        "options": {
            "type": "object",
            "description": "Of a refused dry run: the options given and guessed so far.",
        },
        "guessed": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Of a refused dry run: the guesses so far.",
        },
    },
    "required": ["type", "title", "status", "detail"],
}

#: Errors that carry `retry_after` themselves.
_WITH_RETRY_AFTER = (errors.TooManyRequests, errors.BudgetSpent, errors.JobNotFinished)


def problems_of(kinds: Iterable[type[ScorelaneError]]) -> Schema:
    """The responses for these errors, by status, with an example for each error."""
    by_status: dict[HTTPStatus, dict[str, type[ScorelaneError]]] = {}
    for kind in kinds:
        by_status.setdefault(status_of(kind), {})[kind.code] = kind
    return {
        str(int(status)): _problem(status, dict(sorted(codes.items())))
        for status, codes in sorted(by_status.items())
    }


def _problem(status: HTTPStatus, codes: dict[str, type[ScorelaneError]]) -> Schema:
    examples = {
        code: {
            "value": {
                "type": f"urn:scorelane:problem:{code}",
                "title": status.phrase,
                "status": int(status),
                "detail": example_of(kind),
            }
        }
        for code, kind in codes.items()
    }
    headers = {}
    if any(kind in RETRY_AFTER or kind in _WITH_RETRY_AFTER for kind in codes.values()):
        headers["Retry-After"] = "Seconds to wait before another attempt."
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    found: Schema = {
        "description": ", ".join(codes),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": examples,
            }
        },
    }
    return found | ({"headers": headers_of(headers)} if headers else {})


def headers_of(descriptions: Mapping[str, str]) -> Schema:
    """The headers of an answer, by the description of each."""
    return {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in descriptions.items()
    }
