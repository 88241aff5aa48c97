"""`/jobs/<id>/errors`: the rows without a score, and the error of each."""

from collections.abc import Iterator
from functools import partial

from flask import Blueprint, Response, jsonify, request
from typing_extensions import TypedDict

from api.jobs.lookup import check_kept, find_job
from api.results.available import AvailableRows, BadRow
from api.results.csv_style import PARAMETERS as STYLE_PARAMETERS
from api.results.csv_style import style_of
from api.results.negotiation import wanted_format
from api.results.partial import (
    HEADERS,
    MAX_PAGE,
    PARAMETERS,
    REFUSED,
    Next,
    add_next_link,
    check_whole,
    cursor_and_limit,
    cursor_json,
    is_partial,
    rows_response,
)
from api.results.row_search import KIND_PARAMETER, REF_PARAMETERS, search_of
from api.schema.describe import Answer, Content, Parameter, describes, json, number
from api.services import current_services
from shared.jobs.result_names import Format, file_name
from shared.jobs.state import State
from shared.tables.csv_results import Dialect, cell
from shared.tables.ndjson_results import lines

blueprint = Blueprint("bad_rows", __name__)

FORMATS: tuple[Format, ...] = ("json", "csv", "ndjson")

_HEADER = ("row", "ref", "error")


class RowError(TypedDict):
    """A row without a score; `row` is counted from 1."""

    row: int
    ref: str
    error: str


class ErrorsPage(TypedDict):
    """Rows with an error, in the upload's order, from the cursor on.

    A page may have fewer rows than `limit` though more follow: only `next` says whether they do.
    """

    errors: list[RowError]
    state: State
    next: Next


_ERROR: RowError = {"row": 7, "ref": "r7", "error": "the text is empty"}


@blueprint.get("/jobs/<job_id>/errors")
@describes(
    {
        200: Answer(
            "The rows with an error.",
            (
                *json(ErrorsPage, {"errors": [_ERROR], "state": "succeeded", "next": None}),
                Content("text/csv", {"type": "string"}, "row,ref,error\n7,r7,the text is empty\n"),
                Content("application/x-ndjson", {"type": "string"}, lines([_ERROR]).decode()),
            ),
            HEADERS,
        ),
    },
    refused=REFUSED,
    parameters=(
        Parameter(
            "format",
            {"enum": list(FORMATS)},
            "The format of the answer; without it `Accept` decides.",
        ),
        Parameter("limit", number(0, MAX_PAGE), "JSON only: the most rows on a page."),
        *STYLE_PARAMETERS,
        KIND_PARAMETER,
        *REF_PARAMETERS,
        *PARAMETERS,
    ),
)
def bad_rows(job_id: str) -> Response:
    """The rows with an error: a page of them as JSON, or all as a file."""
    services = current_services()
    job = find_job(services, job_id)
    check_kept(job)
    if not is_partial():
        check_whole(services, job)
    wanted = wanted_format(request, FORMATS)
    style = style_of(request.args, wanted)
    begin, limit = cursor_and_limit()
    search = search_of(request.args, kinds=True)
    # The first page alone: what it finds is recorded, and the other pages know it.
    available = AvailableRows.of(services, job, check=not begin)
    if wanted == "json":
        rows, cursor = available.bad_page(begin, limit, search)
        errors = [_record(row) for row in rows]
        response = jsonify({"errors": errors, "state": job.state, "next": cursor_json(cursor)})
    else:
        cursor = available.cursor_after(available.end(begin))
        write, head = _ndjson, b""
        if wanted == "csv":
            write = partial(_csv, dialect=style.dialect)
            head = style.mark + _line(_HEADER, style.dialect)
        content: Iterator[bytes] = map(write, available.bad_rows_by_part(begin, search))
        response = rows_response(head, content, wanted, f"{file_name(job)}-errors")
    add_next_link(services, available, response, cursor)
    return response


def _record(row: BadRow) -> RowError:
    return {"row": row.number + 1, "ref": row.ref, "error": row.error}


def _csv(rows: list[BadRow], dialect: Dialect) -> bytes:
    cells = ((str(row.number + 1), row.ref, row.error) for row in rows)
    return b"".join([_line(row, dialect) for row in cells])


def _line(row: tuple[str, str, str], dialect: Dialect) -> bytes:
    return (dialect.delimiter.join([cell(text, dialect) for text in row]) + "\n").encode()


def _ndjson(rows: list[BadRow]) -> bytes:
    return lines(map(_record, rows))
