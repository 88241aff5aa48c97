"""In which format an answer is wanted: by `?format=`, or by `Accept`."""

from collections.abc import Sequence
from typing import Any, Literal

from flask import Request, Response
from werkzeug.datastructures import MIMEAccept

from shared.errors.input import BadOption
from shared.errors.service import NotAcceptable

Format = Literal["csv", "ndjson", "json", "parquet"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}


def wanted_format(request: Request, offered: Sequence[Format]) -> Format:
    """The format that a client wants most; the first of those offered where it says nothing.

    Raises:
        shared.errors.input.BadOption: `format` names none of them.
        shared.errors.service.NotAcceptable: `Accept` admits none of them.
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


def file_answer(content: Any, kind: Format, name: str) -> Response:
    """An answer that is a file, sent as it is made."""
    # Passed through: else werkzeug reads a content of which it cuts a range as a whole.
    answer = Response(content, mimetype=MEDIA_TYPES[kind], direct_passthrough=True)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def _without_parameters(accepted: MIMEAccept) -> MIMEAccept:
    """Such as `charset=utf-8`, which says nothing that is not so."""
    return MIMEAccept([(kind.partition(";")[0].strip(), quality) for kind, quality in accepted])
