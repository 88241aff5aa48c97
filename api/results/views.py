"""`/jobs/<id>/results`: what became of the rows, in the upload's order."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from typing_extensions import TypedDict

from api.jobs.lookup import find_job
from api.requests.options import whole_number
from api.results.negotiation import Format, file_answer, wanted_format
from api.results.partial import (
    HEADERS,
    MAX_PAGE,
    PARAMETERS,
    PartialPage,
    check_whole,
    is_partial,
    partial_answer,
)
from api.results.parts import ResultParts
from api.results.streaming import begun
from api.schema.describe import OF_A_JOB, Answer, Content, Parameter, describes, json, number
from api.schema.row_types import Row
from api.services import Services, services
from shared.errors.input import BadOption
from shared.errors.service import JobNotFinished, NoResults, NotAcceptable
from shared.jobs.job import Job
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


#: What the answer holds.
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
                "ETag": "Of the rows, which never change.",
                "Accept-Ranges": "`bytes`, in the format that the job was sent with.",
                "Vary": "`Accept`.",
                **HEADERS,
            },
        ),
        206: Answer("A range of them, in the format that the job was sent with."),
        304: Answer("They are as they were."),
        416: Answer("The range is behind their end."),
    },
    refused=(*OF_A_JOB, JobNotFinished, NoResults, BadOption, NotAcceptable),
    parameters=(
        Parameter("format", {"enum": list(FORMATS)}, "Of the answer; else `Accept` decides."),
        Parameter("offset", number(0, 10**15), "JSON: the first row, from 0."),
        Parameter("limit", number(0, MAX_PAGE), "JSON: at most so many rows."),
        *PARAMETERS,
    ),
)
def results(job_id: str) -> Response:
    """All rows as a file, or a page of them as JSON; with `partial`, those that are there."""
    at = services()
    job = find_job(at, job_id)
    if is_partial():
        return partial_answer(at, job)
    check_whole(at, job)
    return results_answer(at, job)


def results_answer(at: Services, job: Job, *, json_first: bool = False) -> Response:
    """The answer that carries the rows of a job that has succeeded.

    Args:
        at: where they are.
        job: which job.
        json_first: whether a client that says nothing of its format gets JSON, and not the job's
            own, which costs nothing but to move its bytes.

    Raises:
        shared.errors.input.BadOption: the format, or the place of a page, is none.
        shared.errors.service.NotAcceptable: the client accepts no format that there is.
    """
    parts, kept = ResultParts(at, job), job.spec.result_format
    first = "json" if json_first else kept
    wanted = wanted_format(request, sorted(FORMATS, key=lambda one: one != first))
    if wanted == "json":
        answer = jsonify(_page(parts))
    elif wanted == kept:
        answer = _as_kept(parts)
    else:
        answer = _converted(parts, wanted)
    answer.vary.add("Accept")
    return answer


def _as_kept(parts: ResultParts) -> Response:
    job_id, kept = parts.job.spec.id, parts.job.spec.result_format
    content = parts.as_kept()
    answer = file_answer(content, kept, job_id)
    answer.content_length = content.size
    # The rows of a job that has succeeded never change.
    answer.set_etag(f"{job_id}.{kept}")
    answer.make_conditional(request, accept_ranges=True, complete_length=content.size)
    return begun(answer)


def _converted(parts: ResultParts, wanted: Format) -> Response:
    job_id = parts.job.spec.id
    answer = file_answer(parts.converted(wanted), wanted, job_id)
    # Weak: these are the same rows, and another release may write them in other bytes. Nobody knows
    # where in them a download that was cut goes on, so they have no ranges.
    answer.set_etag(f"{job_id}.{wanted}", weak=True)
    answer.make_conditional(request)
    return begun(answer)


def _page(parts: ResultParts) -> dict[str, Any]:
    total = parts.job.total or 0
    offset = whole_number(request.args, "offset", 0, 10**15)
    limit = max(whole_number(request.args, "limit", 1000, MAX_PAGE), 1)
    end = min(offset + limit, total)
    return {
        "rows": parts.rows(offset, end),
        "offset": offset,
        "total": parts.job.total,
        "next_offset": end if end < total else None,
    }
