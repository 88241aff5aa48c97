"""Scoring the JSON rows of a request while its client waits: `/sentiment` and `/score`."""

from flask import Request, Response, jsonify

from api.process.body_memory import Reservation
from api.requests.columns import chosen_outputs, input_columns
from api.requests.json_body import read_json_rows
from api.requests.options import RowOptions
from api.services import Services
from api.submission.questions import COPIES, ask, check_count, find_served, with_model
from api.uploads.json_rows import json_rows
from shared.signature import Signature
from shared.tables.stored_rows import json_text


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
    rows = json_rows(read_json_rows(at.settings, request, memory, COPIES), where)
    check_count(at, len(rows))
    served = find_served(at, options.model, signature)
    refs = [row[0] for row in rows]
    answer = []
    card, found = ask(at, served, rows, outputs, options.model)
    for number, (ref, scored) in enumerate(zip(refs, found, strict=True), 1):
        error = scored.pop("error")
        row = scored | {"ref": number if ref is None else ref}
        if error:
            row["error"] = error
        answer.append(row)
    if {type(row["ref"]) for row in answer} <= {str, int}:
        return with_model(jsonify(answer), card)
    # `jsonify` would write the ref 1.10 as 1.1.
    text = json_text(answer, item_separator=",", key_separator=":")
    return with_model(Response(f"{text}\n", mimetype="application/json"), card)
