"""`/jobs/<id>/results`: the rows of a job with their scores or errors, in the upload's order."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from typing_extensions import TypedDict

from api.jobs.lookup import check_kept, find_job
from api.requests.options import whole_number
from api.results import direct
from api.results.byte_ranges import answer_range
from api.results.csv_style import PARAMETERS as STYLE_PARAMETERS
from api.results.csv_style import PLAIN_STYLE, CsvStyle, form_of, style_of
from api.results.delivery import noted
from api.results.found_rows import found_response
from api.results.negotiation import file_response, wanted_format
from api.results.pages import give_back_after, page_turns
from api.results.partial import (
    HEADERS,
    MAX_PAGE,
    PARAMETERS,
    REFUSED,
    PartialPage,
    check_whole,
    is_partial,
    partial_response,
)
from api.results.parts import ResultParts
from api.results.row_search import REF_PARAMETERS, search_of
from api.results.streaming import with_first_chunk
from api.schema.describe import Answer, Content, Parameter, describes, json, number
from api.schema.row_types import Row
from api.services import Services, current_services
from shared.jobs.job import Job
from shared.jobs.result_names import Format, file_name
from shared.model import SCORE

blueprint = Blueprint("results", __name__)

FORMATS: tuple[Format, ...] = ("csv", "json", "ndjson", "parquet")


class ResultsPage(TypedDict):
    """Rows in the upload's order; `next_offset` is null on the last page."""

    rows: list[Row]
    offset: int
    total: int | None
    next_offset: int | None


_LINE = f'{{"ref":"1","{SCORE}":0.69,"error":null}}\n'

_PAGE = {
    "rows": [{"ref": "1", SCORE: 0.69, "error": None}],
    "offset": 0,
    "total": 1,
    "next_offset": None,
}


#: The formats of the rows, as `describes` takes them.
RESULTS = (
    Content("text/csv", {"type": "string"}, f"ref,{SCORE},error\n1,0.69,\n"),
    Content("application/x-ndjson", {"type": "string"}, _LINE),
    Content("application/vnd.apache.parquet", {"type": "string", "format": "binary"}),
    *json(ResultsPage | PartialPage, _PAGE),
)


@blueprint.get("/jobs/<job_id>/results")
@describes(
    {
        200: Answer(
            "All rows, or a page of them.",
            RESULTS,
            {
                "ETag": "Identifies the rows in this format; they never change.",
                "Accept-Ranges": "`bytes`, if the format is the job's own.",
                "Vary": "`Accept`.",
                **HEADERS,
                **direct.HEADERS,
            },
        ),
        206: Answer("A range of the bytes, if the format is the job's own."),
        304: Answer("The client has these rows already: they match its `If-None-Match`."),
        307: Answer(
            "With `redirect`: where a file with the same bytes is in object storage.",
            json(direct.DirectDownload, direct.EXAMPLE),
            {"Location": "The same address."},
        ),
        416: Answer("The range begins after the last byte."),
    },
    refused=REFUSED,
    parameters=(
        Parameter(
            "format",
            {"enum": list(FORMATS)},
            "The format of the answer; without it `Accept` decides.",
        ),
        Parameter(
            "offset", number(0, 10**15), "JSON only: the first row of the page, counted from 0."
        ),
        Parameter(
            "limit", number(1, MAX_PAGE), "JSON only: the most rows on a page; long rows are fewer."
        ),
        *STYLE_PARAMETERS,
        *REF_PARAMETERS,
        *PARAMETERS,
        *direct.PARAMETERS,
    ),
)
def results(job_id: str) -> Response:
    """All rows as a file, or a page of them as JSON.

    With `partial` these are the rows that are done; with `ref`, those that a search finds. With
    `redirect` the rows come from object storage, if the blobs are there.
    """
    services = current_services()
    job = find_job(services, job_id)
    check_kept(job)
    partial, search = is_partial(), search_of(request.args)
    if not partial:
        check_whole(services, job)
    reason = None
    if direct.is_wanted(request):
        reason = "it is for all rows of a job that has succeeded"
        if job.spec.keep == "none":
            reason = "the job keeps no rows, and the service must see when they were downloaded"
        elif not (partial or search):
            answer = direct.redirect_or_reason(services, job, request, _formats_of(job))
            if isinstance(answer, Response):
                return answer
            reason = answer
    if search:
        response = found_response(services, job, search, partial=partial)
    elif partial:
        response = partial_response(services, job)
    else:
        response = results_response(services, job, may_be_styled=True)
    if reason:
        response.headers[direct.HEADER] = reason
    return response


def _formats_of(job: Job, *, json_first: bool = False) -> list[Format]:
    """The formats in the order in which they are offered to a client that names none."""
    first = "json" if json_first else job.spec.result_format
    return sorted(FORMATS, key=lambda one: one != first)


def results_response(
    services: Services, job: Job, *, json_first: bool = False, may_be_styled: bool = False
) -> Response:
    """The rows of a job that has succeeded.

    Args:
        services: where they are.
        job: which job.
        json_first: the format for a client that names none: JSON, or else the job's own format, in
            which the stored bytes are sent as they are.
        may_be_styled: whether the query may say how a CSV is written. That of a submission does
            not: its `delimiter` is the upload's.

    Raises:
        shared.errors.input.BadOption: a parameter has no valid value.
        shared.errors.service.NotAcceptable: `Accept` admits none of the formats.
        shared.errors.service.ResultsDamaged: some of the rows were damaged on the disk.
    """
    parts, own = ResultParts(services, job), job.spec.result_format
    wanted = wanted_format(request, _formats_of(job, json_first=json_first))
    style = style_of(request.args, wanted) if may_be_styled else PLAIN_STYLE
    if job.lost and wanted != "json":
        parts.check()
    if wanted == "json":
        with page_turns:
            response = jsonify(_page(parts))
        give_back_after(response.content_length or 0)
    elif wanted == own and style == PLAIN_STYLE:
        response = _in_own_format(parts)
    else:
        response = _converted(parts, wanted, style)
    response.vary.add("Accept")
    return noted(services, job, response, is_own=wanted == own and style == PLAIN_STYLE)


def _in_own_format(parts: ResultParts) -> Response:
    job_id, own = parts.job.spec.id, parts.job.spec.result_format
    content = parts.in_own_format()
    response = file_response(content, own, file_name(parts.job))
    # The job's id is enough: the rows of a job that has succeeded never change.
    response.set_etag(f"{job_id}.{own}")
    answer_range(response, content)
    return with_first_chunk(response)


def _converted(parts: ResultParts, wanted: Format, style: CsvStyle) -> Response:
    job_id = parts.job.spec.id
    content = parts.parquet() if wanted == "parquet" else parts.in_form(form_of(wanted, style))
    response = file_response(content, wanted, file_name(parts.job))
    # A weak ETag: another release may write the same rows in other bytes. There are no ranges: the
    # offset of a converted row is known only once all rows before it are converted.
    response.set_etag(f"{job_id}.{wanted}{style.tag}", weak=True)
    response.make_conditional(request)
    return with_first_chunk(response)


def _page(parts: ResultParts) -> dict[str, Any]:
    total = parts.job.total or 0
    offset = whole_number(request.args, "offset", 0, 10**15)
    limit = whole_number(request.args, "limit", 1000, MAX_PAGE, least=1)
    rows = parts.rows(offset, min(offset + limit, total))
    end = offset + len(rows)
    return {
        "rows": rows,
        "offset": offset,
        "total": parts.job.total,
        "next_offset": end if rows and end < total else None,
    }
