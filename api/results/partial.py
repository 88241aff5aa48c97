"""`partial=true`: the rows that are there before a job has succeeded, and where to continue."""

from typing import Annotated, Any
from urllib.parse import urlencode

from flask import Response, jsonify, request
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.representation import retry_after
from api.requests.option_values import is_true
from api.requests.options import whole_number
from api.results.available import AvailableRows, NumberedRow
from api.results.csv_style import form_of, style_of
from api.results.negotiation import file_response, wanted_format
from api.results.pages import give_back_after, page_turns
from api.results.streaming import prepend, with_first_chunk
from api.schema.describe import OF_A_JOB, Parameter, number
from api.schema.row_types import Row
from api.security.errors import LinkExpired, LinkNotValid
from api.security.links import without_signature
from api.services import Services
from shared.errors.base import ScorelaneError
from shared.errors.input import BadOption
from shared.errors.service import (
    JobNotFinished,
    NoResults,
    NotAcceptable,
    ResultsDamaged,
    RowsDeleted,
)
from shared.jobs.job import Job
from shared.jobs.result_names import Format, file_name
from shared.jobs.state import ENDED, State

#: The errors of the answers with rows, in whichever format.
REFUSED: tuple[type[ScorelaneError], ...] = (
    *OF_A_JOB,
    JobNotFinished,
    NoResults,
    RowsDeleted,
    BadOption,
    NotAcceptable,
    ResultsDamaged,
    LinkNotValid,
    LinkExpired,
)

#: The most rows on one page of JSON.
MAX_PAGE = 10_000

MAX_CURSOR = 10**15

PARAMETERS = (
    Parameter(
        "partial",
        {"enum": ["true", "false"]},
        "`true`: give the rows that are there, even if the job has not succeeded.",
    ),
    Parameter(
        "cursor",
        number(0, MAX_CURSOR),
        "With `partial`, or in a search: the `next` of the previous answer.",
    ),
)

HEADERS = {
    "Link": '`rel="next"`: where to continue; absent if no more rows will come.',
    "Retry-After": "Seconds until there may be more rows; present if there are no more yet.",
}

Next = Annotated[
    str | None, Field(description="The cursor of the next page; null if no more rows will come.")
]


class PartialPage(TypedDict):
    """Rows in the upload's order, from the cursor on; in a search those that it finds.

    The page of a search may have fewer rows than `limit`, or none, though more follow: only `next`
    says so.
    """

    rows: list[Row]
    row_numbers: Annotated[
        list[int], Field(description="The number of each of the rows in the upload, from 1.")
    ]
    state: State
    next: Next


def is_partial() -> bool:
    """Whether the request asks for partial results.

    Raises:
        shared.errors.input.BadOption: `partial` is neither `true` nor `false`.
    """
    return is_true("partial", request.args.get("partial", "false"))


def check_whole(services: Services, job: Job) -> None:
    """Check that all results of a job are there.

    Raises:
        shared.errors.service.JobNotFinished: the job has not ended.
        shared.errors.service.NoResults: the job has ended, but has not succeeded.
    """
    if job.state not in ENDED:
        wait = retry_after(services, job)
        raise JobNotFinished(job_id=job.spec.id, state=job.state, retry_after=wait)
    if job.state is not State.SUCCEEDED:
        raise NoResults(job_id=job.spec.id, state=job.state)


def cursor_and_limit() -> tuple[int, int]:
    """The first row that the request asks for, and the most rows for one page.

    Raises:
        shared.errors.input.BadOption: `cursor` or `limit` is not a whole number in its range.
    """
    begin = whole_number(request.args, "cursor", 0, MAX_CURSOR)
    return begin, whole_number(request.args, "limit", 1000, MAX_PAGE, least=1)


def partial_response(services: Services, job: Job) -> Response:
    """The rows that are there, from the cursor on.

    Raises:
        shared.errors.input.BadOption: a parameter has no valid value.
        shared.errors.service.NotAcceptable: `Accept` admits none of the formats.
    """
    offered: list[Format] = ["csv", "json", "ndjson"]
    stored = job.spec.part_format if job.spec.kind == "bulk" else job.spec.result_format
    wanted = wanted_format(request, sorted(offered, key=lambda one: one != stored))
    style = style_of(request.args, wanted)
    available, (begin, limit) = AvailableRows.of(services, job), cursor_and_limit()
    if wanted == "json":
        with page_turns:
            rows, cursor = available.page(begin, limit)
            response = page_response(rows, job, cursor)
            del rows
        give_back_after(response.content_length or 0)
    else:
        form, cursor = form_of(wanted, style), available.cursor_after(available.end(begin))
        head = form.header(job.spec.result_columns)
        rows_from = available.content(form, begin)
        response = rows_response(head, rows_from, wanted, f"{file_name(job)}-{begin}")
    add_next_link(services, available, response, cursor)
    return response


def page_response(rows: list[NumberedRow], job: Job, cursor: int | None) -> Response:
    """A page of JSON, as `PartialPage` describes it."""
    return jsonify(
        {
            "rows": [row.record for row in rows],
            "row_numbers": [row.number + 1 for row in rows],
            "state": job.state,
            "next": cursor_json(cursor),
        }
    )


def cursor_json(row: int | None) -> str | None:
    """A cursor as the API shows it: a string, or null."""
    return None if row is None else str(row)


def rows_response(head: bytes, rows: Any, kind: Format, name: str) -> Response:
    """A file of rows; `head` comes first unless the request continues at a cursor.

    So a client that appends these files to each other gets one valid file.
    """
    continues = "cursor" in request.args
    content = rows if continues else prepend(head, rows)
    response = with_first_chunk(file_response(content, kind, name))
    if kind == "csv":
        # The parameter `header` of `text/csv`, by RFC 4180.
        response.mimetype_params["header"] = "absent" if continues else "present"
    return response


def add_next_link(
    services: Services, available: AvailableRows, response: Response, cursor: int | None
) -> None:
    """Add the headers that say where to continue (`Link`, RFC 8288), and when (`Retry-After`).

    With no cursor neither is added: no more rows will come.
    """
    response.vary.add("Accept")
    if cursor is None:
        return
    query = urlencode({**without_signature(request.args), "cursor": cursor})
    response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    if not available.complete and cursor >= available.end():
        response.headers["Retry-After"] = str(retry_after(services, available.parts.job))
