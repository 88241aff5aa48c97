"""`/`: the console for a browser, the addresses of the API for a program; and its static files."""

from flask import Blueprint, Response, jsonify, request
from typing_extensions import TypedDict
from werkzeug.exceptions import NotFound

from api.console.files import FILES, SHELLS, language_of
from api.console.headers import PAGE_HEADERS
from api.release import release
from api.requests.navigation import prefers_html
from api.schema.describe import Answer, Content, describes, json

blueprint = Blueprint("console", __name__, template_folder="templates")

_ICON = "favicon.ico"


class EntryJson(TypedDict):
    """What the service is, and the addresses of its parts."""

    name: str
    version: str
    links: dict[str, str]


_LINKS = {
    "docs": "/docs",
    "openapi": "/openapi.json",
    "identity": "/identity",
    "jobs": "/jobs",
    "models": "/models",
    "service": "/service",
    "sentiment": "/sentiment",
    "score": "/score",
    "ready": "/readyz",
}

_EXAMPLE: EntryJson = {"name": "Scorelane", "version": "0.1.0", "links": _LINKS}

_HTML = Content("text/html", {"type": "string"})


@blueprint.get("/")
@describes(
    {
        200: Answer(
            "For programs: addresses. For browsers: the console.",
            (*json(EntryJson, _EXAMPLE), _HTML),
        ),
        304: Answer("The browser has the page already."),
    }
)
def entry() -> Response:
    """The console for a browser, the addresses of the API for a program.

    The answer is HTML if `Accept` prefers `text/html` to `application/json`, and JSON otherwise.
    """
    if prefers_html(request):
        response = SHELLS[language_of(request)].answer(request)
        response.vary.add("Accept-Language")
        response.headers.update(PAGE_HEADERS)
    else:
        response = jsonify(EntryJson(name="Scorelane", version=release(), links=_LINKS))
    response.vary.add("Accept")
    return response


@blueprint.get("/console/<path:file>")
@describes(
    {
        200: Answer("The file.", (Content("*/*", {}),)),
        304: Answer("The client has this file already."),
        404: Answer("The console has no such file."),
    }
)
def static_file(file: str) -> Response:
    """A file that the console loads."""
    if file not in FILES:
        raise NotFound
    return FILES[file].answer(request)


@blueprint.get("/favicon.ico")
@describes(
    {
        200: Answer("The icon.", (Content("image/vnd.microsoft.icon", {}),)),
        304: Answer("The client has the icon already."),
    }
)
def favicon() -> Response:
    """The icon that browsers show for every page of this service."""
    return FILES[_ICON].answer(request)
