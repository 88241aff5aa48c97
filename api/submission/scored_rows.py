"""Scoring the JSON rows of a request while its client waits: `/sentiment` and `/score`."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Request, Response

from api.event_loop.later import Posed, answered_later
from api.process.body_memory import Reservation
from api.requests.body import chunks_of, uncompressed
from api.requests.columns import chosen_outputs, input_columns
from api.requests.json_body import read_json
from api.requests.options import RowOptions
from api.services import Services
from api.submission.questions import (
    COPIES,
    RowsQuestion,
    ask,
    check_count,
    current_client,
    find_served,
    pose,
    with_model,
)
from api.uploads.json_rows import json_rows
from shared.no_waiting import check_may_wait
from shared.signature import Signature
from shared.tables.stored_rows import json_text

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def scored_rows(
    at: Services, request: Request, memory: Reservation, options: RowOptions, signature: Signature
) -> Response:
    """Score the rows of a request, and return them in the same order.

    The rows go through the doorbell like a small job, but as a question: nothing is recorded. Refs
    keep the type that they were sent with.

    Args:
        at: the store, the dispatch and the limits.
        request: its body is read as JSON, whatever its content type is.
        memory: of the request; it then holds what the rows need.
        options: of the request.
        signature: of the model that it names.

    Raises:
        shared.errors.base.ScorelaneError: the rows cannot be scored.
    """
    # Before the body is read: an option that cannot be used is refused at once.
    where, outputs = input_columns(signature, options), chosen_outputs(signature, options.outputs)
    client = current_client(at)

    def prepare(
        chunks: Iterator[bytes], length: int | None, memory: Reservation
    ) -> tuple[RowsQuestion, list[Any]]:
        rows = json_rows(read_json(at.settings, chunks, length, memory, COPIES)[0], where)
        check_count(at, len(rows))
        served = find_served(at, options.model, signature)
        refs = [row[0] for row in rows]
        return pose(at, served, rows, outputs, options.model, client), refs

    def prepare_again(body: bytes) -> Posed[bytes]:
        with at.body_memory.reserving() as own_memory:
            return _posed(*prepare(uncompressed(iter([body])), len(body), own_memory))

    question, refs = prepare(chunks_of(request), request.content_length, memory)
    answer = answered_later(request, at.sync_scorer, partial(_posed, question, refs), prepare_again)
    if answer:
        return with_model(answer, question.card)
    card, found = ask(at, question)
    return with_model(Response(_body(refs, found), mimetype="application/json"), card)


def _posed(question: RowsQuestion, refs: list[Any]) -> Posed[bytes]:
    """The question for the event loop."""
    if question.champion:
        # Another version may have to be asked after this one.
        check_may_wait()
    return Posed(question.to_ask, lambda result: _body(refs, question.read(result)))


def _body(refs: list[Any], records: list[dict[str, Any]]) -> bytes:
    answer = []
    for number, (ref, scored) in enumerate(zip(refs, records, strict=True), 1):
        error = scored.pop("error")
        row = scored | {"ref": number if ref is None else ref}
        if error:
            row["error"] = error
        answer.append(row)
    if {type(row["ref"]) for row in answer} <= {str, int}:
        text = _dumps(answer)
    else:
        # `json.dumps` would write the ref 1.10 as 1.1.
        text = json_text(answer, item_separator=",", key_separator=":")
    return f"{text}\n".encode()
