"""`/jobs/<id>/results`: what became of the rows, in the upload's order."""

from bisect import bisect_right
from typing import Any

from flask import Blueprint, Response, jsonify, request
from typing_extensions import TypedDict

from api.describing import OF_A_JOB, Answer, Content, Parameter, describes, json, number
from api.jobs import find_job
from api.options import whole_number
from api.pieces import Pieces
from api.representation import retry_after
from api.rows import Row
from api.services import Services, services
from shared.errors import BadOption, JobNotFinished, NoResults
from shared.job import ENDED, Job, State
from shared.model import SCORE
from shared.tables.results import header, parse

blueprint = Blueprint("results", __name__)

#: Rows on one page of JSON.
MAX_PAGE = 10_000


class ResultsPage(TypedDict):
    """Rows in the upload's order; `next_offset` is null on the last page."""

    rows: list[Row]
    offset: int
    total: int | None
    next_offset: int | None


_PAGE = {
    "rows": [{"ref": "1", SCORE: 0.69, "error": None}],
    "offset": 0,
    "total": 1,
    "next_offset": None,
}


#: What the answer holds.
RESULTS = (
    Content("text/csv", {"type": "string"}, f"ref,{SCORE},error\n1,0.69,\n"),
    *json(ResultsPage, _PAGE),
)


@blueprint.get("/jobs/<job_id>/results")
@describes(
    {
        200: Answer(
            "All rows, or a page of them.",
            RESULTS,
            {"ETag": "Of the rows, which never change.", "Accept-Ranges": "`bytes`, of a CSV."},
        ),
        206: Answer("A range of the CSV."),
        304: Answer("They are as they were."),
        416: Answer("The range is behind their end."),
    },
    refused=(*OF_A_JOB, JobNotFinished, NoResults, BadOption),
    parameters=(
        Parameter("format", {"enum": ["csv", "json"]}, "Of the answer; else `Accept` decides."),
        Parameter("offset", number(0, 10**15), "JSON: the first row, from 0."),
        Parameter("limit", number(0, MAX_PAGE), "JSON: at most so many rows."),
    ),
)
def results(job_id: str) -> Response:
    """All rows as CSV, or a page of them as JSON."""
    at = services()
    job = find_job(at, job_id)
    if job.state not in ENDED:
        raise JobNotFinished(job_id=job_id, state=job.state, retry_after=retry_after(at, job))
    if job.state is not State.SUCCEEDED:
        raise NoResults(job_id=job_id, state=job.state)
    return results_answer(at, job)


def results_answer(at: Services, job: Job, *, json_first: bool = False) -> Response:
    """The answer that carries the rows of a job that has succeeded.

    Args:
        at: where they are.
        job: which job.
        json_first: whether a client that says nothing of its format gets JSON.
    """
    if _wants_json(json_first=json_first):
        return jsonify(_page(at, job))
    content = _csv(at, job)
    # Passed through: else werkzeug reads a content of which it cuts a range as a whole.
    answer = Response(content, mimetype="text/csv", direct_passthrough=True)
    answer.headers["Content-Disposition"] = f'attachment; filename="{job.spec.id}.csv"'
    answer.content_length = content.size
    # The rows of a job that has succeeded never change.
    answer.set_etag(f"{job.spec.id}.csv")
    answer.vary.add("Accept")
    answer.make_conditional(request, accept_ranges=True, complete_length=content.size)
    return answer


def _wants_json(*, json_first: bool) -> bool:
    wanted = request.args.get("format")
    if wanted is None:
        kinds = ["text/csv", "application/json"]
        if json_first:
            kinds.reverse()
        best = request.accept_mimetypes.best_match(kinds, kinds[0])
        return best == "application/json"
    if wanted not in ("csv", "json"):
        raise BadOption(option="format", value=wanted, reason="it must be csv or json")
    return wanted == "json"


def _csv(at: Services, job: Job) -> Pieces:
    head = header(job.spec.columns)
    if job.spec.kind == "small":
        content = head + at.store.small_result(job.spec.id)
        return Pieces([len(content)], lambda _piece, offset: content[offset:])
    keys = [job.spec.result_key(part) for part in range(job.parts)]

    def read(piece: int, offset: int) -> bytes:
        return at.blobs.read(keys[piece - 1], offset) if piece else head[offset:]

    return Pieces([len(head), *map(at.blobs.size, keys)], read)


def _page(at: Services, job: Job) -> dict[str, Any]:
    offset = whole_number(request.args, "offset", 0, 10**15)
    limit = max(whole_number(request.args, "limit", 1000, MAX_PAGE), 1)
    end = min(offset + limit, job.total or 0)
    return {
        "rows": _rows(at, job, offset, end),
        "offset": offset,
        "total": job.total,
        "next_offset": end if end < (job.total or 0) else None,
    }


def _rows(at: Services, job: Job, offset: int, end: int) -> list[dict[str, Any]]:
    if job.spec.kind == "small":
        return parse(at.store.small_result(job.spec.id), offset, end, job.spec.columns)
    rows: list[dict[str, Any]] = []
    number = _part_with(at, job, offset)
    while number < job.parts and offset + len(rows) < end:
        [part] = at.store.parts(job.spec.id, number, number + 1)
        content = at.blobs.read(job.spec.result_key(number))
        begin = max(offset - part.first_row, 0)
        rows += parse(content, begin, end - part.first_row, job.spec.columns)
        number += 1
    return rows


def _part_with(at: Services, job: Job, row: int) -> int:
    """The number of the part that holds a row; the number of parts if none does."""

    def end_of(number: int) -> int:
        [part] = at.store.parts(job.spec.id, number, number + 1)
        return part.first_row + part.rows

    # By halves: a page of a job of ten thousand parts costs little more than one of ten.
    return bisect_right(range(job.parts), row, key=end_of)
