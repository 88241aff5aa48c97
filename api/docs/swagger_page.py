"""`/docs`: the document for programs as a page for people, on which requests can be tried."""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound

from api.schema.describe import Answer, Content, describes

blueprint = Blueprint("docs_page", __name__)

#: Swagger UI, as its package carries it.
_SWAGGER_UI = Path(flask_swagger_ui.__file__).with_name("dist")

#: What the page is made of, and where that lies: nothing comes from any other address.
_FILES = {
    "swagger-ui.css": _SWAGGER_UI,
    "swagger-ui-bundle.js": _SWAGGER_UI,
    "favicon-32x32.png": _SWAGGER_UI,
    "start.js": Path(__file__).with_name("static"),
}

#: The page may run and ask what comes from here, and nothing else.
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
        304: Answer("It is as it was."),
        404: Answer("The page has no such file."),
    }
)
def part(file: str) -> Response:
    """A file of that page."""
    if file not in _FILES:
        raise NotFound
    return send_from_directory(_FILES[file], file, max_age=3600)
