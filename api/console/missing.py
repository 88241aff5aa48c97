"""The page that a browser gets at an address where nothing is, or that takes no GET."""

import re
from http import HTTPStatus
from urllib.parse import quote

from flask import Response, make_response, render_template, request
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from api.console.files import MESSAGES, language_of
from api.console.headers import PAGE_HEADERS
from api.requests.addresses import methods_of, near_address, shown_path
from api.requests.navigation import is_navigation

#: Addresses of the API whose data the console shows, at the same address after a `#`.
_SHOWN = re.compile(r"/(jobs(/[0-9a-f]{32})?|models|service)")


def missing_page(error: HTTPException) -> Response | None:
    """The page for a navigation of a browser that failed with this error.

    None for requests of programs and for other errors: their answer is a problem.
    """
    if not isinstance(error, NotFound | MethodNotAllowed) or not is_navigation(request):
        return None
    language = language_of(request)

    def text(name: str, **values: str) -> Markup:
        """A text in the person's language; values are escaped unless they are `Markup`."""
        return escape(MESSAGES[language][name]).format(**values)

    near = near_address({"GET"}) or ""
    # Relative, as a proxy may serve the API below a path.
    root = "../" * (request.path.count("/") - 1) or "./"
    page = render_template(
        "missing.html",
        language=language,
        text=text,
        path=shown_path(),
        methods=", ".join(methods_of(error)),
        near=near,
        near_link=quote(near[1:]),
        root=root,
        console=f"{root}#{near}" if _SHOWN.fullmatch(near) else root,
    )
    response = make_response(page, error.code or HTTPStatus.NOT_FOUND)
    response.headers.update(PAGE_HEADERS)
    response.vary.add("Accept-Language")
    return response
