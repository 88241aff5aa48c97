"""Result rows as lines of the output file and the error file of a batch (`/v1`)."""

from collections.abc import Sequence
from typing import Any

import orjson

from shared.tables.result_columns import ResultColumns

#: The bytes of the tail of a part, which follows the lines of both files: the length of the output
#: lines. By it both files fit into one blob.
TAIL_BYTES = 21


def render_batch(
    refs: Sequence[str],
    outputs: Sequence[Sequence[Any]],
    errors: Sequence[str | None],
    *,
    columns: ResultColumns,
    unread: Sequence[bool],
    model: str,
    job_id: str,
    first_row: int,
) -> bytes:
    """Write the lines of a part: those of the output file, those of the error file, and a tail.

    Args:
        refs: the `custom_id` of each row.
        outputs: for each output its values; None for a row with an error.
        errors: None for a row without one.
        columns: name the outputs.
        unread: for each row, whether its error is a fault of the request.
        model: the name of the model.
        job_id: the id of the batch's job.
        first_row: the number of the part's first row.
    """
    good: list[bytes] = []
    bad: list[bytes] = []
    body: dict[str, object]
    names = [output.name for output in columns.outputs]
    for at, (ref, error, *values) in enumerate(zip(refs, errors, *outputs, strict=True)):
        number = f"{job_id}_{first_row + at}"
        if error is None:
            status, body = 200, {"object": "sentiment", "model": model}
            body |= zip(names, values, strict=True)
        elif unread[at]:
            status, body = 400, _error(error, "invalid_request_error", "input", "invalid_input")
        else:
            status, body = 500, _error(error, "server_error", None, "not_scored")
        line = {
            "id": f"batch_req_{number}",
            "custom_id": ref,
            "response": {"status_code": status, "request_id": f"req_{number}", "body": body},
            "error": None,
        }
        (bad if error else good).append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    output = b"".join(good)
    return b"".join([output, *bad, b"%020d\n" % len(output)])


def _error(message: str, kind: str, param: str | None, code: str) -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def output_bytes(tail: bytes) -> int:
    """The length of the output lines of a part in bytes, from its last `TAIL_BYTES`."""
    return int(tail)
