"""Whether a person with a browser sends a request, or a program."""

from flask import Request


def prefers_html(request: Request) -> bool:
    """Whether the client likes HTML better than JSON, by its header `Accept` (RFC 9110, 12.5.1).

    Browsers name `text/html` first. Programs send `*/*`, `application/json` or no `Accept` at all.
    """
    accepted = request.accept_mimetypes
    return accepted.quality("text/html") > accepted.quality("application/json")


def is_navigation(request: Request) -> bool:
    """Whether a browser sends a request in order to show its answer as a page."""
    return request.method in ("GET", "HEAD") and prefers_html(request)
