"""`/jobs/<id>/errors`: the rows without a score, and the error of each."""

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify, request
from typing_extensions import TypedDict

from api.jobs.lookup import find_job
from api.results.available import AvailableRows, BadRow
from api.results.negotiation import Format, wanted_format
from api.results.partial import (
    HEADERS,
    MAX_PAGE,
    PARAMETERS,
    Next,
    add_next_link,
    check_whole,
    cursor_and_limit,
    cursor_json,
    is_partial,
    rows_response,
)
from api.results.row_search import KIND_PARAMETER, REF_PARAMETERS, search_of
from api.schema.describe import OF_A_JOB, Answer, Content, Parameter, describes, json, number
from api.services import current_services
from shared.errors.input import BadOption
from shared.errors.service import JobNotFinished, NoResults, NotAcceptable, ResultsDamaged
from shared.jobs.job import State
from shared.tables.csv_results import cell
from shared.tables.ndjson_results import lines

blueprint = Blueprint("bad_rows", __name__)

FORMATS: tuple[Format, ...] = ("json", "csv", "ndjson")

_HEADER = b"row,ref,error\n"


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
    refused=(*OF_A_JOB, JobNotFinished, NoResults, BadOption, NotAcceptable, ResultsDamaged),
    parameters=(
        Parameter(
            "format",
            {"enum": list(FORMATS)},
            "The format of the answer; without it `Accept` decides.",
        ),
        Parameter("limit", number(0, MAX_PAGE), "JSON only: the most rows on a page."),
        KIND_PARAMETER,
        *REF_PARAMETERS,
        *PARAMETERS,
    ),
)
def bad_rows(job_id: str) -> Response:
    """The rows with an error: a page of them as JSON, or all as a file."""
    services = current_services()
    job = find_job(services, job_id)
    if not is_partial():
        check_whole(services, job)
    wanted = wanted_format(request, FORMATS)
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
        write, head = (_csv, _HEADER) if wanted == "csv" else (_ndjson, b"")
        content: Iterator[bytes] = map(write, available.bad_rows_by_part(begin, search))
        response = rows_response(head, content, wanted, f"{job_id}-errors")
    add_next_link(services, available, response, cursor)
    return response


def _record(row: BadRow) -> RowError:
    return {"row": row.number + 1, "ref": row.ref, "error": row.error}


def _csv(rows: list[BadRow]) -> bytes:
    return "".join(
        [f"{row.number + 1},{cell(row.ref)},{cell(row.error)}\n" for row in rows]
    ).encode()


def _ndjson(rows: list[BadRow]) -> bytes:
    return lines(map(_record, rows))
