"""`/jobs/<id>/errors`: the rows that have no score, and why."""

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
    check_whole,
    cursor_of,
    go_on,
    is_partial,
    place,
    rows_answer,
)
from api.schema.describe import OF_A_JOB, Answer, Content, Parameter, describes, json, number
from api.services import services
from shared.errors.input import BadOption
from shared.errors.service import JobNotFinished, NoResults, NotAcceptable
from shared.jobs.job import State
from shared.tables.csv_results import cell
from shared.tables.ndjson_results import lines

blueprint = Blueprint("bad_rows", __name__)

FORMATS: tuple[Format, ...] = ("json", "csv", "ndjson")

_HEADER = b"row,ref,error\n"


class RowError(TypedDict):
    """A row that has no score; rows are counted from 1."""

    row: int
    ref: str
    error: str


class ErrorsPage(TypedDict):
    """Rows with an error, in the upload's order, from the cursor on; a page may be short."""

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
    refused=(*OF_A_JOB, JobNotFinished, NoResults, BadOption, NotAcceptable),
    parameters=(
        Parameter("format", {"enum": list(FORMATS)}, "Of the answer; else `Accept` decides."),
        Parameter("limit", number(0, MAX_PAGE), "JSON: at most so many rows."),
        *PARAMETERS,
    ),
)
def bad_rows(job_id: str) -> Response:
    """The rows with an error: a page of them as JSON, or all as a file."""
    at = services()
    job = find_job(at, job_id)
    if not is_partial():
        check_whole(at, job)
    wanted = wanted_format(request, FORMATS)
    ready, (begin, limit) = AvailableRows.of(at, job), place()
    if wanted == "json":
        rows, goes_on = ready.bad_page(begin, limit)
        errors = [_record(row) for row in rows]
        answer = jsonify({"errors": errors, "state": job.state, "next": cursor_of(goes_on)})
    else:
        goes_on = ready.next_after(ready.end(begin))
        write, head = (_csv, _HEADER) if wanted == "csv" else (_ndjson, b"")
        content: Iterator[bytes] = map(write, ready.bad_runs(begin))
        answer = rows_answer(head, content, wanted, f"{job_id}-errors")
    go_on(at, ready, answer, goes_on)
    return answer


def _record(row: BadRow) -> RowError:
    return {"row": row.number + 1, "ref": row.ref, "error": row.error}


def _csv(rows: list[BadRow]) -> bytes:
    return "".join(
        [f"{row.number + 1},{cell(row.ref)},{cell(row.error)}\n" for row in rows]
    ).encode()


def _ndjson(rows: list[BadRow]) -> bytes:
    return lines(map(_record, rows))
