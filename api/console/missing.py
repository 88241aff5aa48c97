"""The page that a browser gets at an address where nothing is, or that takes no GET."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from api.console.headers import PAGE_HEADERS
from api.requests.addresses import methods_of, near_address, shown_path
from api.requests.navigation import is_navigation

_HEADINGS: dict[type[HTTPException], str] = {
    NotFound: "There is nothing here",
    MethodNotAllowed: "This address is for programs",
}


def missing_page(error: HTTPException) -> Response | None:
    """The page for a navigation of a browser that failed with this error.

    None for requests of programs and for other errors: their answer is a problem.
    """
    heading = _HEADINGS.get(type(error))
    if heading is None or not is_navigation(request):
        return None
    near = near_address({"GET"})
    text = render_template(
        "missing.html",
        heading=heading,
        path=shown_path(),
        methods=" or ".join(methods_of(error)),
        near=near,
        near_link=quote((near or "")[1:]),
        # Relative, as a proxy may serve the API below a path.
        root="../" * (request.path.count("/") - 1) or "./",
    )
    response = make_response(text, error.code or HTTPStatus.NOT_FOUND)
    response.headers.update(PAGE_HEADERS)
    return response
