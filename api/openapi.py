"""`/openapi.json`: the API as a document for programs (OpenAPI 3.1)."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Blueprint

from api import jobs, results
from api.errors import status_of
from api.services import services
from shared import errors
from shared.errors import ScorelaneError
from shared.job import State
from shared.model import SCORE
from shared.settings import Settings

blueprint = Blueprint("openapi", __name__)

Schema = dict[str, Any]

#: What any address may answer.
ALWAYS: list[type[ScorelaneError]] = [
    errors.KeyWanted,
    errors.UnknownKey,
    errors.WrongScope,
    errors.TooManyRequests,
    errors.StoreUnavailable,
]

#: What is said of rows that come in.
ROWS: list[type[ScorelaneError]] = [
    errors.NotJson,
    errors.NotGzip,
    errors.UnknownOption,
    errors.BadOption,
    errors.BadInput,
    errors.UnsupportedEncoding,
    errors.TooLarge,
    errors.ServiceFull,
    errors.NoModelYet,
]

#: What is said of an id.
JOB: list[type[ScorelaneError]] = [
    errors.MalformedJobId,
    errors.JobNotFound,
    errors.JobExpired,
    errors.JobLost,
    errors.JobNotRestored,
]


@blueprint.get("/openapi.json")
def openapi() -> dict[str, Any]:
    """The document."""
    return document(services().settings)


def document(settings: Settings) -> dict[str, Any]:
    """The API as OpenAPI 3.1, with the limits of these settings."""
    try:
        release = version("scorelane")
    except PackageNotFoundError:  # run from a folder of sources
        release = "0"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Scorelane",
            "version": release,
            "description": "Asynchronous batch scoring of texts. Errors are problem details "
            "(RFC 9457); their `type` is `urn:scorelane:problem:<code>`.",
        },
        "security": [{}, {"key": []}],
        "paths": _paths(settings),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def _paths(settings: Settings) -> dict[str, Any]:
    options = [
        _query("model", {"type": "string", "minLength": 1}, "The model's name."),
        _query("text_column", {"type": "string", "minLength": 1}, "The column of the texts."),
        _query("ref_column", {"type": "string", "minLength": 1}, "The column of the references."),
    ]
    reading = [
        _query("delimiter", {"type": "string", "minLength": 1}, "What ends the cells of a CSV."),
        _query("charset", {"type": "string", "minLength": 1}, "Of the text, if not UTF-8."),
    ]
    rows = {"application/json": {"schema": _ref("Rows"), "example": _EXAMPLE}}
    files = {
        "text/csv": {"schema": {"type": "string"}, "example": "ref,text\n1,I am well\n"},
        "text/tab-separated-values": {
            "schema": {"type": "string"},
            "example": "ref\ttext\n1\tI am well\n",
        },
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
    }
    job_id = [{"name": "job_id", "in": "path", "required": True, "schema": _ref("JobId")}]
    page = [
        _query("format", {"enum": ["csv", "json"]}, "Of the answer; else `Accept` decides."),
        _query("offset", _number(0, 10**15), "JSON: the first row, from 0."),
        _query("limit", _number(0, results.MAX_PAGE), "JSON: at most so many rows."),
    ]
    listed = [
        _query("limit", _number(0, jobs.MAX_PAGE), "At most so many."),
        _query("cursor", _ref("JobId"), "The last page's `next`."),
    ]
    small = f"At most {settings.small_rows:,} rows."
    return {
        "/apitest": {"get": _operation("Say that the API works.", _text("API working"))},
        "/livez": {"get": _operation("Whether this replica answers.", _json(_ref("Health")))},
        "/readyz": {
            "get": _operation(
                "Whether workers serve, and this replica is not about to stop.",
                _json(_ref("Health")),
                [errors.NoModelYet, errors.Draining],
            )
        },
        "/models": {"get": _operation("The models there are.", _json(_ref("Models")))},
        "/sentiment": {
            "post": _operation(
                f"Score a few rows at once. {small}",
                _json({"type": "array", "items": _ref("Row")}),
                [*ROWS, errors.NoWorker, errors.NoAnswerInTime],
                parameters=options,
                body=rows,
            )
        },
        "/jobs": {
            "get": _operation(
                "The newest jobs first.",
                _json(_ref("Jobs")),
                [errors.BadOption],
                parameters=listed,
            ),
            "post": _operation(
                "Submit rows; they are scored later.",
                _json(_ref("Job")),
                [*ROWS, errors.NotMultipart, errors.UnsupportedFormat, errors.OwnerFull,
                 errors.NoRoom],
                parameters=[*options, *reading],
                body=rows | files,
                status=202,
                headers=("Location", "Retry-After"),
            ),
        },
        "/jobs/{job_id}": {
            "parameters": job_id,
            "get": _operation("How a job stands.", _json(_ref("Job")), JOB),
            "delete": _operation("Erase a job and its rows.", {}, JOB, status=204),
        },
        "/jobs/{job_id}/cancel": {
            "parameters": job_id,
            "post": _operation("Stop a job.", _json(_ref("Job")), [*JOB, errors.JobEnded]),
        },
        "/jobs/{job_id}/results": {
            "parameters": job_id,
            "get": _operation(
                "What became of the rows, in the upload's order.",
                _text(f"ref,{SCORE},error\n1,0.69,\n", "text/csv") | _json(_ref("Page")),
                [*JOB, errors.JobNotFinished, errors.NoResults, errors.BadOption],
                parameters=page,
                headers=("ETag", "Accept-Ranges"),
                other={"206": "A range of it.", "304": "As it was.", "416": "No such range."},
            ),
        },
        "/openapi.json": {
            "get": _operation("This document.", _json({"type": "object"})),
        },
    }  # fmt: skip


_EXAMPLE = {"ref": [1], "text": ["I am well"]}


def _operation(
    summary: str,
    content: Schema,
    refused: list[type[ScorelaneError]] | None = None,
    *,
    parameters: list[Schema] | None = None,
    body: Schema | None = None,
    status: int = 200,
    headers: tuple[str, ...] = (),
    other: dict[str, str] | None = None,
) -> Schema:
    done: Schema = {"description": summary}
    if content:
        done["content"] = content
    if headers:
        done["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    answers: Schema = {str(status): done} | _problems([*(refused or []), *ALWAYS])
    answers |= {number: {"description": said} for number, said in (other or {}).items()}
    found: Schema = {"summary": summary, "responses": answers}
    if parameters:
        found["parameters"] = parameters
    if body:
        found["requestBody"] = {"required": True, "content": body}
    return found


def _problems(kinds: list[type[ScorelaneError]]) -> Schema:
    """The answers that these errors become, by status, with their codes."""
    codes: dict[int, list[str]] = {}
    for kind in kinds:
        codes.setdefault(status_of(kind), []).append(kind.code)
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {
        str(status): {"description": ", ".join(sorted(set(names))), "content": content}
        for status, names in sorted(codes.items())
    }


def _schemas() -> Schema:
    text, when = {"type": "string"}, {"type": ["string", "null"], "format": "date-time"}
    number, count = {"type": ["number", "null"]}, {"type": "integer", "minimum": 0}
    score = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
    cell: Schema = {}  # a ref and a text come in any type; what is no text is an error in its row
    columns = _object(text={"type": "array", "items": cell}, ref={"type": "array", "items": cell})
    columns["required"] = ["text"]
    record = _object(text=cell, ref=cell) | {"required": ["text"]}
    row = _object(ref=cell, error={"type": ["string", "null"]}) | {"required": ["ref", SCORE]}
    row["properties"][SCORE] = score
    rows = _object(total={"type": ["integer", "null"]}, completed=count, failed=count)
    return {
        "JobId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "Rows": {"anyOf": [columns, record, {"type": "array", "items": record, "minItems": 1}]},
        "Row": row,
        "Page": _object(
            rows={"type": "array", "items": _ref("Row")}, offset=count, total=count,
            next_offset={"type": ["integer", "null"]},
        ),
        "Job": _object(
            id=_ref("JobId"), state={"enum": list(State)}, detail=text,
            owner={"type": ["string", "null"]}, model=_object(name=text, version=text), rows=rows,
            progress={"type": "number", "minimum": 0, "maximum": 1}, rows_per_second=number,
            eta_seconds=number, created_at=when, started_at=when, finished_at=when,
            error={"type": ["string", "null"]},
            links=_object(self=text, results=text, cancel=text),
        ),
        "Jobs": _object(
            jobs={"type": "array", "items": _ref("Job")}, next={"type": ["string", "null"]}
        ),
        "Models": _object(models={"type": "array", "items": {"type": "object"}}),
        "Health": _object(status=text),
        "Problem": _object(
            type=text, title=text, status={"type": "integer"}, detail={"type": "string"}
        ),
    }  # fmt: skip


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _text(example: str, media_type: str = "text/html") -> Schema:
    return {media_type: {"schema": {"type": "string"}, "example": example}}


def _number(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}
