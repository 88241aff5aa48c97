"""What to say of an address where nothing is: the one that was probably meant."""

import re
from collections.abc import Iterator

from flask import Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

#: The most characters of an address that a message repeats.
_QUOTED_CHARS = 120

_LIST = "GET /docs lists all addresses, /openapi.json does so for programs."

#: The page of the API, and its address with a slash too many, from where its links lead astray.
_PAGE, _PAGE_FOLDER = "/docs", "/docs/"


def redirect(error: HTTPException) -> Response | None:
    """A redirect to `/docs`, for a browser at `/docs/`; None for all other requests."""
    if not isinstance(error, NotFound) or request.path != _PAGE_FOLDER:
        return None
    # Relative, as a proxy may serve the API below a path.
    return Response(status=308, headers={"Location": f"..{_PAGE}"})


def advice(error: HTTPException) -> str | None:
    """What is wrong with the address or the method of the request; None for other errors."""
    path = request.path[:_QUOTED_CHARS]
    if isinstance(error, MethodNotAllowed):
        methods = sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
        said = f"{request.method} is not possible at {path}, but {', '.join(methods)}."
        near = next(_near({request.method}), None)
        return f"{said} {_hint(near)}{_LIST}"
    if not isinstance(error, NotFound):
        return None
    near = next(_near(set()), None)
    said = f"There is nothing at {path}. {_hint(near)}"
    if request.path.startswith("/v1/") and not near:
        said += "Below /v1 there are only /v1/files and /v1/batches. "
    return said + _LIST


def _hint(near: str | None) -> str:
    if near is None:
        return ""
    how = " without the slash at its end" if request.path.rstrip("/") == near else ""
    return f"Did you mean {near[:_QUOTED_CHARS]}{how}? "


def _near(methods: set[str]) -> Iterator[str]:
    """Addresses near that of the request that exist, and that have these methods."""
    adapter = request_ctx.url_adapter
    merged = re.sub("/+", "/", request.path).rstrip("/")
    # A part too many at the beginning: `/api/jobs`, `/v1/models`, or `/jobs/jobs` where the address
    # of the service was given with a path.
    shorter = merged[merged.find("/", 1) :] if merged.count("/") > 1 else merged
    for path in (merged, merged.lower(), shorter, shorter.lower()):
        if path not in ("", request.path) and adapter is not None:
            found = set(adapter.allowed_methods(path))
            if found and methods <= found:
                yield path
