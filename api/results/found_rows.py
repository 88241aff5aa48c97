"""A page of the rows of a job that a search finds."""

from flask import Response, request

from api.results.available import AvailableRows, NumberedRow
from api.results.csv_style import style_of
from api.results.negotiation import wanted_format
from api.results.pages import PAGE_BYTES, give_back_after, page_turns
from api.results.partial import add_next_link, cursor_and_limit, page_response
from api.results.row_search import RowSearch
from api.services import Services
from shared.errors.input import BadOption
from shared.jobs.job import Job

#: A request searches about this many bytes of parts, which takes some tenths of a second.
SEARCH_BYTES = 64 * 1024 * 1024

#: Opening a part costs as much as searching this many bytes.
_OPENING_BYTES = 64 * 1024

#: Looking at each row of a part takes this many times as long as searching its bytes.
_LOOKING_COST = 4

#: Parsing rows takes this many times as long as searching their bytes.
_PARSING_COST = 16


def found_response(services: Services, job: Job, wanted: RowSearch, *, partial: bool) -> Response:
    """A page of the rows that are wanted.

    Args:
        services: where they are.
        job: which job.
        wanted: which rows.
        partial: whether rows of damaged parts of an ended job are found, with an error that says
            so, instead of `ResultsDamaged`.

    Raises:
        shared.errors.input.BadOption: a parameter has no valid value.
        shared.errors.service.NotAcceptable: `Accept` does not admit JSON.
        shared.errors.service.ResultsDamaged: a part is damaged.
    """
    style_of(request.args, wanted_format(request, ["json"]))
    if "offset" in request.args:
        reason = "a search continues at cursor"
        raise BadOption(option="offset", value=request.args["offset"][:80], reason=reason)
    available, (begin, limit) = AvailableRows.of(services, job), cursor_and_limit()
    found, cursor = found_page(available, wanted, begin, limit, lost=partial)
    with page_turns:
        response = page_response(found, job, cursor)
    del found
    give_back_after(response.content_length or 0)
    add_next_link(services, available, response, cursor)
    return response


def found_page(
    available: AvailableRows, wanted: RowSearch, begin: int, limit: int, *, lost: bool
) -> tuple[list[NumberedRow], int | None]:
    """Up to `limit` rows that are wanted, and the row at which to continue, or None.

    There may be fewer than `limit`, or none, although more follow: a request reads a bounded number
    of bytes.

    Args:
        available: the rows of the job.
        wanted: which rows.
        begin: the first row to look at, from 0.
        limit: the most rows to find.
        lost: whether to find the rows of parts of an ended job that are damaged, with an error that
            says so.

    Raises:
        shared.errors.service.ResultsDamaged: a part is damaged, and not `lost`.
    """
    parts, found = available.parts, list[NumberedRow]()
    read = parts.content_or_errors if lost else parts.content
    bytes_left, page_left = SEARCH_BYTES, PAGE_BYTES
    for number in available.numbers_from(begin):
        if bytes_left <= 0:
            return found, parts.part(number).first_row
        content = read(number)
        bytes_left -= _OPENING_BYTES + len(content)
        if not wanted.may_be_in(content, parts.form):
            continue
        bytes_left -= _LOOKING_COST * len(content)
        part = parts.part(number)
        for numbers, rows in wanted.candidates(content, part, begin, parts.form):
            bytes_left -= _PARSING_COST * len(rows)
            # Parsed by one thread at a time: records take many times their bytes.
            with page_turns:
                for at, record in zip(numbers, parts.parse(rows), strict=True):
                    if at < begin or not wanted.finds(record["ref"], record["error"]):
                        continue
                    if len(found) == limit or page_left <= 0:
                        return found, at
                    found.append(NumberedRow(at, record))
                    page_left -= sum(len(cell) for cell in record.values() if isinstance(cell, str))
    return found, available.cursor_after(available.end(begin))
