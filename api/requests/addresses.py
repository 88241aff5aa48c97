"""What to say of an address where nothing is: the one that was probably meant."""

import re
from collections.abc import Iterator

from flask import Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

#: The most characters of an address that a message repeats.
_QUOTED_CHARS = 120

_LIST = "GET /docs lists all addresses, /openapi.json does so for programs."

#: Addresses that people type, and where each leads. Relative, as a proxy may serve the API below a
#: path. At `/docs/`, with a slash too many, the links of the page would lead astray.
_REDIRECTS = {"/docs/": "../docs", "/console": "./", "/console/": "../"}


def redirect(error: HTTPException) -> Response | None:
    """A redirect to a page, for a browser near its address; None for all other requests."""
    target = _REDIRECTS.get(request.path)
    if target is None or not isinstance(error, NotFound):
        return None
    return Response(status=308, headers={"Location": target})


def advice(error: HTTPException) -> str | None:
    """What is wrong with the address or the method of the request; None for other errors."""
    path = request.path[:_QUOTED_CHARS]
    if isinstance(error, MethodNotAllowed):
        said = f"{request.method} is not possible at {path}, but {', '.join(methods_of(error))}."
        return f"{said} {_hint(near_address({request.method}))}{_LIST}"
    if not isinstance(error, NotFound):
        return None
    near = near_address(set())
    said = f"There is nothing at {path}. {_hint(near)}"
    if request.path.startswith("/v1/") and not near:
        said += "Below /v1 there are only /v1/files and /v1/batches. "
    return said + _LIST


def methods_of(error: HTTPException) -> list[str]:
    """The methods that the address of a request has, which lacks that of the request.

    Empty for errors other than `MethodNotAllowed`.
    """
    valid = error.valid_methods if isinstance(error, MethodNotAllowed) else ()
    return sorted(set(valid or ()) - {"HEAD", "OPTIONS"})


def near_address(methods: set[str]) -> str | None:
    """An address near that of the request that has these methods; None if there is none."""
    return next(_near(methods), None)


def shown_path() -> str:
    """The path of the request, not longer than a message may repeat."""
    path = request.path
    return path if len(path) <= _QUOTED_CHARS else f"{path[:_QUOTED_CHARS]}..."


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
