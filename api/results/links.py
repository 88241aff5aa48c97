"""`/jobs/<id>/links`: an address at which a browser downloads results without a key."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from flask import Blueprint, request
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.lookup import find_job
from api.jobs.shapes import EXAMPLE_ID
from api.requests.json_body import read_json_body
from api.results.row_errors import bad_rows
from api.results.views import results
from api.schema.describe import OF_A_JOB, Answer, Content, Description, describes, json
from api.security.access import current_signer
from api.services import current_services
from shared.errors.input import BadOption, BadRequestField, NotJson, UnknownOption
from shared.errors.service import BodiesFull, TooLarge, UnsupportedEncoding
from shared.telemetry.timestamps import rfc3339

blueprint = Blueprint("links", __name__)

#: What an address may lead to, and the view that answers there.
_VIEWS = {"results": results, "errors": bad_rows}

#: The most characters of the options in an address: servers limit the first line of a request.
_MAX_CHARS = 2000


class DownloadLink(TypedDict):
    """An address for GET and HEAD; it needs no key until it expires."""

    url: Annotated[str, Field(description="The path and the query.")]
    expires_at: Annotated[
        str | None, Field(description="When it expires; null where no key is needed.")
    ]


_BODY = Content(
    "application/json",
    {
        "type": "object",
        "properties": {
            "path": {"enum": list(_VIEWS)},
            "options": {
                "type": "object",
                "description": "Query parameters of the address, by their names.",
                "additionalProperties": {"type": ["string", "integer", "boolean"]},
            },
        },
        "required": ["path"],
        "additionalProperties": False,
    },
    {"path": "results", "options": {"format": "csv"}},
)

_EXAMPLE: DownloadLink = {
    "url": f"/jobs/{EXAMPLE_ID}/results?format=csv&expires=1767225600&signature={'0a' * 32}",
    "expires_at": "2026-01-01T00:00:00.000Z",
}


@blueprint.post("/jobs/<job_id>/links")
@describes(
    {200: Answer("The address.", json(DownloadLink, _EXAMPLE))},
    refused=(
        *OF_A_JOB,
        NotJson,
        UnsupportedEncoding,
        TooLarge,
        BodiesFull,
        BadRequestField,
        UnknownOption,
        BadOption,
    ),
    body=(_BODY,),
)
def link(job_id: str) -> DownloadLink:
    """An address at which a browser downloads the results or errors of a job without a key.

    It is valid for ten minutes, and not longer than the key that asks for it. It says nothing of
    the job's state: the download is answered as any other.
    """
    services = current_services()
    find_job(services, job_id)
    with services.body_memory.reserving() as memory:
        path, query = _asked_for(read_json_body(services.settings, request, memory))
    address, sign = f"/jobs/{job_id}/{path}", current_signer()
    if sign is None:
        return {"url": f"{address}?{query}" if query else address, "expires_at": None}
    url, expires = sign(address, query)
    return {"url": url, "expires_at": rfc3339(expires)}


def _asked_for(body: Any) -> tuple[str, str]:
    """The last segment of the path, and the query, encoded."""
    if not isinstance(body, dict):
        raise BadRequestField(param="body", reason="it must be a JSON object")
    if unknown := body.keys() - {"path", "options"}:
        raise BadRequestField(param=min(unknown)[:80], reason="there are only path and options")
    path, options = body.get("path"), body.get("options")
    if not isinstance(path, str) or path not in _VIEWS:
        raise BadRequestField(param="path", reason=f"it must be one of {', '.join(_VIEWS)}")
    options = {} if options is None else options
    if not isinstance(options, dict):
        raise BadRequestField(param="options", reason="it must be a JSON object")
    described: Description = _VIEWS[path].__dict__["description"]
    names = [parameter.name for parameter in described.parameters]
    for name in options:
        if name not in names:
            raise UnknownOption(option=name[:80], options=", ".join(names))
    pairs = {name: _text(name, value) for name, value in options.items()}
    query = urlencode(pairs, quote_via=quote)
    if len(query) > _MAX_CHARS:
        reason = f"in an address they take {len(query):,} characters, more than {_MAX_CHARS:,}"
        raise BadRequestField(param="options", reason=reason)
    return path, query


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    reason = "it must be a string, a whole number, true or false"
    raise BadOption(option=name, value=str(value)[:80], reason=reason)
