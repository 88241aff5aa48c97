"""`/docs`: the OpenAPI document as a page for people, who can try requests there (Swagger UI)."""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound

from api.schema.describe import Answer, Content, describes

blueprint = Blueprint("docs_page", __name__)

#: The folder of Swagger UI in its package.
_SWAGGER_UI = Path(flask_swagger_ui.__file__).with_name("dist")

#: The files of the page, and the folder of each. The page loads nothing from any other host.
_FILES = {
    "swagger-ui.css": _SWAGGER_UI,
    "swagger-ui-bundle.js": _SWAGGER_UI,
    "start.js": Path(__file__).with_name("static"),
}

#: The page may load and call this host alone.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)

_PAGE = Content("text/html", {"type": "string"})


@blueprint.get("/docs")
@describes({200: Answer("The page.", (_PAGE,))})
def page() -> Response:
    """The API as a page."""
    answer = send_from_directory(Path(__file__).with_name("static"), "docs.html")
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


@blueprint.get("/docs/<file>")
@describes(
    {
        200: Answer("The file.", (Content("*/*", {}),)),
        304: Answer("The client has this file already."),
        404: Answer("The page has no such file."),
    }
)
def part(file: str) -> Response:
    """A file that the page `/docs` loads."""
    if file not in _FILES:
        raise NotFound
    return send_from_directory(_FILES[file], file, max_age=3600)
