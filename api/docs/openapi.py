"""`/openapi.json`: the OpenAPI 3.1 document of the API, made from its code."""

import inspect
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from flask import Blueprint, Flask, current_app
from pydantic import TypeAdapter
from werkzeug.routing import Rule

from api.docs.problems import PROBLEM, headers_of, problems_of
from api.error_shapes import shape_of
from api.jobs.shapes import JobId
from api.release import release
from api.schema.describe import Answer, Content, Description, Parameter, Schema, describes, json
from api.security import errors as access_errors
from api.security.access import OPTIONAL_KEY, scopes_of
from shared.errors import service as errors
from shared.errors.base import ScorelaneError

blueprint = Blueprint("openapi", __name__)

#: The errors of every path that needs a key.
_WITH_KEYS: tuple[type[ScorelaneError], ...] = (
    access_errors.KeyWanted,
    access_errors.UnknownKey,
    access_errors.WrongScope,
    errors.TooManyRequests,
    errors.StoreUnavailable,
    errors.StoreFull,
    errors.BlobsUnavailable,
)

#: The types of the parameters in paths, by name.
_IN_PATHS: dict[str, Any] = {
    "job_id": JobId,
    "file": {"type": "string"},
    "name": {"type": "string", "description": "The name of a model."},
    "version": {
        "type": "string",
        "description": "The version of the model: also the first digits of it, or an alias.",
    },
    "alias": {"type": "string", "description": "An alias of the model, such as `champion`."},
    "file_id": {"type": "string", "pattern": "^file-[0-9a-f]{32}(-output|-errors)?$"},
    "batch_id": {"type": "string", "pattern": "^batch_[0-9a-f]{32}$"},
}

#: The groups of addresses, as the page shows them: a sentence on each, and its blueprints.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Sentiment": ("Score a few texts at once.", ("article",)),
    "Scoring": ("Score a few rows of any model at once.", ("scoring",)),
    "MLflow": ("The same for clients of MLflow's scoring server.", ("mlflow",)),
    "Open Inference": (
        "The same for clients of the Open Inference Protocol.",
        ("open_inference",),
    ),
    "Jobs": (
        "Submit rows as a job; follow, list, cancel, retry and delete jobs.",
        ("submitting", "jobs", "retrying", "events"),
    ),
    "Results": (
        "Download the rows of a job with their scores or errors, statistics of them, or a receipt.",
        ("results", "bad_rows", "links", "summary", "receipts"),
    ),
    "Files and batches": (
        "The same for clients of the OpenAI API.",
        ("v1_files", "v1_batches"),
    ),
    "Models": (
        "The models that a job may name, their versions and aliases.",
        ("models", "model_uploads", "versions", "traffic", "model_drift"),
    ),
    "Usage": ("How many rows were scored for whom, and what that took.", ("usage",)),
    "Identity": ("Who the service takes a client for, and what it allows.", ("identity",)),
    "Operations": (
        "Probes, metrics, workers and the state of the service.",
        ("health", "metrics", "service"),
    ),
    "Console": ("The page of the service for people, and its files.", ("console",)),
    "Documentation": ("This document, and the page that shows it.", ("openapi", "docs_page")),
}

_GROUP_OF = {name: group for group, (_, names) in GROUPS.items() for name in names}

#: The answer of the server itself, before a request gets here: everywhere a problem.
_TOO_LONG: Schema = {
    "description": "The address is too long, with its options.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

_ABOUT = (
    "Asynchronous batch scoring of texts: send rows, get a job at once, poll it, download its "
    "results. Errors are problem details (RFC 9457) of the type `urn:scorelane:problem:<code>`."
)


@blueprint.get("/openapi.json")
@describes({200: Answer("The document, in OpenAPI 3.1.", json({"type": "object"}))})
def openapi() -> dict[str, Any]:
    """This document."""
    return document(current_app)


@cache
def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an app.

    Raises:
        KeyError: a view has no description, see `api.schema.describe`; or its blueprint is in no
            group.
    """
    schemas = _Schemas()
    paths: dict[str, Any] = {}
    for rule in app.url_map.iter_rules():
        # `<file>` or, with a converter, `<path:file>`.
        path = paths.setdefault(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path[method.lower()] = _operation(app, rule, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Scorelane", "version": release(), "description": _ABOUT},
        "tags": [
            {"name": name, "description": description} for name, (description, _) in GROUPS.items()
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key."}
            },
            "schemas": {"Problem": PROBLEM, **schemas.found},
        },
    }


class _Schemas:
    """Makes schemas of types, and collects the named ones, to which the others refer."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        if isinstance(kind, dict):
            return kind
        schema = TypeAdapter(kind).json_schema(
            ref_template="#/components/schemas/{model}", mode="serialization"
        )
        self.found |= schema.pop("$defs", {})
        return schema


def _operation(app: Flask, rule: Rule, schemas: _Schemas) -> Schema:
    view = app.view_functions[rule.endpoint]
    about: Description = view.__dict__["description"]
    summary, _, more = inspect.cleandoc(view.__doc__ or "").partition("\n\n")
    scopes = scopes_of(rule.endpoint)
    if scopes:
        named = " or ".join(f"`{scope}`" for scope in scopes)
        more = "\n\n".join([*filter(None, [more]), f"A key needs the scope {named}."])
    takes_key = bool(scopes) or rule.endpoint in OPTIONAL_KEY
    refused = [*about.refused, *(_WITH_KEYS if scopes else ())]
    answers = {str(status): _answer(one, schemas) for status, one in about.answers.items()}
    found: Schema = {
        "operationId": rule.endpoint.rpartition(".")[2],
        "tags": [_GROUP_OF[rule.endpoint.partition(".")[0]]],
        "summary": " ".join(summary.split()),
        "description": more,
        # `{}` makes the key optional: a service without keys needs none.
        "security": [{}, {"key": []}] if takes_key else [],
        "parameters": [
            *(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": schemas.of(_IN_PATHS[name]),
                }
                for name in sorted(rule.arguments)
            ),
            *map(_parameter, about.parameters),
        ],
        "responses": answers | _refusals(rule.rule, refused, schemas),
    }
    if rule.arguments or any(one.where == "query" for one in about.parameters):
        found["responses"]["414"] = _TOO_LONG
    if about.body:
        found["requestBody"] = {"required": True, "content": _content(about.body, schemas)}
    return found


def _refusals(path: str, kinds: Iterable[type[ScorelaneError]], schemas: _Schemas) -> Schema:
    found = problems_of(kinds)
    if shape := shape_of(path):
        for answer in found.values():
            answer["content"] = {"application/json": {"schema": schemas.of(shape.kind)}}
    return found


def _parameter(one: Parameter) -> Schema:
    # Not as `example`: the page would fill it in and send it, with options that contradict one
    # another.
    example = one.example[0] if isinstance(one.example, list) else one.example
    more = "" if example is None else f" For example: `{example}`."
    return {
        "name": one.name,
        "in": one.where,
        "description": f"{one.description}{more}",
        "schema": one.schema,
    }


def _answer(answer: Answer, schemas: _Schemas) -> Schema:
    found: Schema = {"description": answer.description}
    if answer.content:
        found["content"] = _content(answer.content, schemas)
    if answer.headers:
        found["headers"] = headers_of(answer.headers)
    return found


def _content(content: Iterable[Content], schemas: _Schemas) -> Schema:
    return {
        one.media_type: {"schema": schemas.of(one.schema)}
        | ({} if one.example is None else {"example": one.example})
        for one in content
    }
