"""The format of a response: by the parameter `format`, or by the header `Accept`."""

from collections.abc import Sequence
from typing import Any

from flask import Request, Response
from werkzeug.datastructures import MIMEAccept

from shared.errors.input import BadOption
from shared.errors.service import NotAcceptable
from shared.jobs.result_names import MEDIA_TYPES, Format


def wanted_format(request: Request, offered: Sequence[Format]) -> Format:
    """The offered format that the client prefers; the first one if it names none.

    Raises:
        shared.errors.input.BadOption: `format` names none of those offered.
        shared.errors.service.NotAcceptable: `Accept` admits none of those offered.
    """
    named = request.args.get("format")
    if named is not None:
        found = next((one for one in offered if one == named), None)
        if found is None:
            reason = f"it must be one of {', '.join(sorted(offered))}"
            raise BadOption(option="format", value=named[:80], reason=reason)
        return found
    if not request.accept_mimetypes:
        return offered[0]
    types = [MEDIA_TYPES[one] for one in offered]
    best = _without_parameters(request.accept_mimetypes).best_match(types)
    if best is None:
        wanted = request.headers["Accept"][:200]
        raise NotAcceptable(wanted=wanted, offered=", ".join(sorted(types)))
    return offered[types.index(best)]


def file_response(content: Any, kind: Format, name: str) -> Response:
    """A response that is a file to save, streamed as its content is produced."""
    # Without the passthrough werkzeug reads the whole content before it sends a range of it.
    response = Response(content, mimetype=MEDIA_TYPES[kind], direct_passthrough=True)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _without_parameters(accepted: MIMEAccept) -> MIMEAccept:
    # A parameter such as `charset=utf-8` is true of every answer, and would make no type match.
    return MIMEAccept([(kind.partition(";")[0].strip(), quality) for kind, quality in accepted])
