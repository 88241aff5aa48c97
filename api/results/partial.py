"""`partial=true`: what there is of a job that has not succeeded, and where to go on later."""

from typing import Annotated, Any
from urllib.parse import urlencode

from flask import Response, jsonify, request
from pydantic import Field
from typing_extensions import TypedDict

from api.jobs.representation import retry_after
from api.requests.options import whole_number
from api.results.available import AvailableRows
from api.results.negotiation import Format, file_answer, wanted_format
from api.results.streaming import begun, behind
from api.schema.describe import Parameter, number
from api.schema.row_types import Row
from api.services import Services
from shared.errors.input import BadOption
from shared.errors.service import JobNotFinished, NoResults
from shared.jobs.job import ENDED, Job, State
from shared.model import SCORE
from shared.tables.result_formats import ROW_FORMATS

#: Rows on one page of JSON.
MAX_PAGE = 10_000

MAX_CURSOR = 10**15

PARAMETERS = (
    Parameter(
        "partial", {"enum": ["true", "false"]}, "Give what there is, before the job has succeeded."
    ),
    Parameter("cursor", number(0, MAX_CURSOR), "With `partial`: the last answer's `next`."),
)

HEADERS = {
    "Link": '`rel="next"`: where to go on; not there once all is given that there will be.',
    "Retry-After": "Seconds until there may be more, where there was no more.",
}

Next = Annotated[
    str | None, Field(description="The cursor of what comes next; null: nothing will.")
]


class PartialPage(TypedDict):
    """Rows in the upload's order, from the cursor on."""

    rows: list[Row]
    state: State
    next: Next


PAGE: PartialPage = {
    "rows": [{"ref": "1", SCORE: 0.69, "error": None}],  # type: ignore[misc]
    "state": State.RUNNING,
    "next": "1",
}


def is_partial() -> bool:
    """Whether the request asks for what there is.

    Raises:
        shared.errors.input.BadOption: it says neither yes nor no.
    """
    value = request.args.get("partial", "false")
    if value not in ("true", "false"):
        raise BadOption(option="partial", value=value[:80], reason="it must be true or false")
    return value == "true"


def check_whole(at: Services, job: Job) -> None:
    """See that all results of a job are there.

    Raises:
        shared.errors.service.JobNotFinished: it has not ended.
        shared.errors.service.NoResults: it did not come to its end.
    """
    if job.state not in ENDED:
        wait = retry_after(at, job)
        raise JobNotFinished(job_id=job.spec.id, state=job.state, retry_after=wait)
    if job.state is not State.SUCCEEDED:
        raise NoResults(job_id=job.spec.id, state=job.state)


def place() -> tuple[int, int]:
    """From which row on, and how many rows on a page.

    Raises:
        shared.errors.input.BadOption: one of them is none.
    """
    begin = whole_number(request.args, "cursor", 0, MAX_CURSOR)
    return begin, max(whole_number(request.args, "limit", 1000, MAX_PAGE), 1)


def partial_answer(at: Services, job: Job) -> Response:
    """The rows that are there, from the cursor on."""
    offered: list[Format] = ["csv", "json", "ndjson"]
    kept = job.spec.part_format if job.spec.kind == "bulk" else job.spec.result_format
    wanted = wanted_format(request, sorted(offered, key=lambda one: one != kept))
    ready, (begin, limit) = AvailableRows.of(at, job), place()
    if wanted == "json":
        rows, goes_on = ready.page(begin, limit)
        answer = jsonify({"rows": rows, "state": job.state, "next": cursor_of(goes_on)})
    else:
        form, goes_on = ROW_FORMATS[wanted], ready.next_after(ready.end(begin))
        head = form.header(job.spec.columns)
        answer = rows_answer(head, ready.content(form, begin), wanted, f"{job.spec.id}-{begin}")
    go_on(at, ready, answer, goes_on)
    return answer


def cursor_of(row: int | None) -> str | None:
    """The cursor of what begins at a row; None where nothing will come."""
    return None if row is None else str(row)


def rows_answer(head: bytes, rows: Any, kind: Format, name: str) -> Response:
    """An answer of rows in runs of bytes; those that follow another one have no header.

    So whoever puts them behind each other has one file.
    """
    follows = "cursor" in request.args
    answer = begun(file_answer(rows if follows else behind(head, rows), kind, name))
    if kind == "csv":
        # As RFC 4180 says it.
        answer.mimetype_params["header"] = "absent" if follows else "present"
    return answer


def go_on(at: Services, ready: AvailableRows, answer: Response, goes_on: int | None) -> None:
    """Say in the headers where to go on, and when, unless there will be nothing more."""
    answer.vary.add("Accept")
    if goes_on is None:
        return
    query = urlencode({**request.args, "cursor": goes_on})
    # RFC 8288.
    answer.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    if not ready.complete and goes_on >= ready.end():
        answer.headers["Retry-After"] = str(retry_after(at, ready.parts.job))
