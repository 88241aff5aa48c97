"""Makes rows of a batch's input: JSONL, one request a line, in constant memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from shared.storage.batches import BatchProblem
from worker.batches.duplicates import BloomFilter

#: What is wrong is told of so many lines, and the rest is not read.
MOST_PROBLEMS = 50

#: Of a `custom_id`; thousands of them may be held in memory.
MOST_ID_CHARS = 512

#: No request is shorter, in bytes: so a file says how many there can be.
_LEAST_LINE = 60


@dataclass
class Lines:
    """What was found in a batch's input."""

    model: str | None = None  #: The one that every line names.
    rows: int = 0
    problems: list[BatchProblem] = field(default_factory=list)

    def add(self, line: int | None, code: str, message: str, param: str | None = None) -> None:
        """Note what is wrong."""
        self.problems.append(BatchProblem(code=code, line=line, message=message, param=param))


def convert(
    source: BinaryIO, target: BinaryIO, *, size: int, endpoint: str, max_line_bytes: int
) -> Lines:
    """Read requests, and write them as `shared.tables.stored_rows.write_rows` would.

    Args:
        source: JSONL; read twice where a `custom_id` may come twice.
        target: gets a line `["custom_id", text]` for each; where there are problems not all.
        size: of the source, in bytes.
        endpoint: the `url` of every request.
        max_line_bytes: a longer line is a problem.
    """
    found, sieve = Lines(), BloomFilter(size // _LEAST_LINE)
    for number, request in _requests(source, found, max_line_bytes):
        if not _is_sound(found, number, request, endpoint):
            continue
        custom_id, body = request["custom_id"], request["body"]
        sieve.see(custom_id)
        text = body["input"] if "input" in body else body["text"]
        row = orjson.dumps((custom_id, text), option=orjson.OPT_APPEND_NEWLINE)
        found.rows += 1
        target.write(row)
    if not found.rows and not found.problems:
        found.add(None, "empty_file", "The input file has no request in it.")
    if sieve.in_doubt and not found.problems:
        source.seek(0)
        named = ((number, one["custom_id"]) for number, one in _requests(source, found, size + 1))
        for number, name in sieve.twice(named):
            message = f"The custom_id '{name[:80]}' was used before; each needs one of its own."
            found.add(number, "duplicate_custom_id", message, "custom_id")
    return found


def _is_sound(found: Lines, number: int, request: dict[str, Any], endpoint: str) -> bool:
    """Whether a request is as it must be; else what is wrong with it is noted."""
    custom_id, body = request.get("custom_id"), request.get("body")
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= MOST_ID_CHARS:
        message = f"It needs a 'custom_id', a string of up to {MOST_ID_CHARS} characters."
        found.add(number, "invalid_custom_id", message, "custom_id")
    elif request.get("method") != "POST":
        found.add(number, "invalid_method", "Its 'method' must be POST.", "method")
    elif request.get("url") != endpoint:
        message = f"Its 'url' must be {endpoint}, the batch's endpoint."
        found.add(number, "invalid_url", message, "url")
    elif not isinstance(body, dict):
        found.add(number, "invalid_body", "It needs a 'body', an object.", "body")
    elif "input" not in body and "text" not in body:
        message = "Its 'body' needs an 'input', the text to score."
        found.add(number, "missing_required_parameter", message, "body.input")
    else:
        return _same_model(found, number, body.get("model"))
    return False


def _same_model(found: Lines, number: int, model: object) -> bool:
    if not isinstance(model, str) or not model:
        found.add(number, "missing_required_parameter", "Its 'body' needs a 'model'.", "body.model")
        return False
    found.model = found.model or model
    if model != found.model:
        message = f"Its 'model' differs from '{found.model[:80]}': a batch has one for all lines."
        found.add(number, "mismatched_model", message, "body.model")
    return model == found.model


def _requests(
    source: BinaryIO, found: Lines, max_line_bytes: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The requests with the numbers of their lines, from 1; lines with nothing in them are none."""
    number = 0
    while line := source.readline(max_line_bytes + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if len(found.problems) >= MOST_PROBLEMS:
            return
        if len(line) > max_line_bytes:
            found.add(number, "line_too_long", f"It is longer than {max_line_bytes:,} bytes.")
            return
        if not line.strip():
            continue
        try:
            request = orjson.loads(line)
        except orjson.JSONDecodeError:
            request = None
        if isinstance(request, dict):
            yield number, request
        else:
            found.add(number, "invalid_json_line", "This line is not a JSON object.")
