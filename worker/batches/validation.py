"""Converts the input of a batch to rows, in constant memory: JSONL, with one request per line."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from shared.storage.batches import BatchProblem
from shared.tables.json_lines import parse_line
from shared.tables.json_values import check_writable
from shared.tables.stored_rows import write_rows
from worker.batches.duplicates import BloomFilter

#: After this many problems the rest of the input is not read.
MAX_PROBLEMS = 50

#: The longest `custom_id`, in characters; thousands of them may be held in memory.
MAX_ID_CHARS = 512

#: The length of the shortest request, in bytes; so the size of a file limits their number.
_MIN_LINE_BYTES = 60


@dataclass
class Findings:
    """The problems of a batch's input, or the number of its rows."""

    model: str | None = None  #: The model that the first line names; all others must name the same.
    rows: int = 0  #: Requests that became rows.
    problems: list[BatchProblem] = field(default_factory=list)

    def add(self, line: int | None, code: str, message: str, param: str | None = None) -> None:
        """Add a problem; `line` is None if it concerns the whole file."""
        self.problems.append(BatchProblem(code=code, line=line, message=message, param=param))


def convert(
    source: BinaryIO, target: BinaryIO, *, size: int, endpoint: str, max_line_bytes: int
) -> Findings:
    """Read requests, and write them as `shared.tables.stored_rows.write_rows` would.

    Args:
        source: the input, JSONL; it is read twice if a `custom_id` may be a duplicate.
        target: gets a line `["custom_id", text]` per request. If there are problems, its content is
            incomplete.
        size: the size of the source, in bytes.
        endpoint: the `url` that every request must have.
        max_line_bytes: a longer line is a problem.
    """
    findings, names = Findings(), BloomFilter(size // _MIN_LINE_BYTES)
    for number, request in _requests(source, findings, max_line_bytes):
        if not _is_valid(findings, number, request, endpoint):
            continue
        custom_id, body = request["custom_id"], request["body"]
        names.add(custom_id)
        text = body["input"] if "input" in body else body["text"]
        findings.rows += 1
        target.write(_stored(custom_id, text))
    if not findings.rows and not findings.problems:
        findings.add(None, "empty_file", "The input file has no request in it.")
    if names.candidates and not findings.problems:
        source.seek(0)
        numbered = (
            (number, request["custom_id"])
            for number, request in _requests(source, findings, size + 1)
        )
        for number, name in names.duplicates(numbered):
            message = f"The custom_id '{name[:80]}' was used before; each needs one of its own."
            findings.add(number, "duplicate_custom_id", message, "custom_id")
    return findings


def _stored(custom_id: str, text: object) -> bytes:
    try:
        return orjson.dumps((custom_id, text), option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # Half of a surrogate pair in the text, which is an error of its row.
        return write_rows([(custom_id, text)])


def _is_writable(text: str) -> bool:
    with suppress(UnicodeEncodeError):
        check_writable(text)
        return True
    return False


def _is_valid(findings: Findings, number: int, request: dict[str, Any], endpoint: str) -> bool:
    """Whether a request is valid; if it is not, add the problem to the findings."""
    custom_id, body = request.get("custom_id"), request.get("body")
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= MAX_ID_CHARS:
        message = f"It needs a 'custom_id', a string of up to {MAX_ID_CHARS} characters."
        findings.add(number, "invalid_custom_id", message, "custom_id")
    elif not _is_writable(custom_id):
        message = "Its 'custom_id' has half of a character (a surrogate without its partner)."
        findings.add(number, "invalid_custom_id", message, "custom_id")
    elif request.get("method") != "POST":
        findings.add(number, "invalid_method", "Its 'method' must be POST.", "method")
    elif request.get("url") != endpoint:
        message = f"Its 'url' must be {endpoint}, the batch's endpoint."
        findings.add(number, "invalid_url", message, "url")
    elif not isinstance(body, dict):
        findings.add(number, "invalid_body", "It needs a 'body', an object.", "body")
    elif "input" not in body and "text" not in body:
        message = "Its 'body' needs an 'input', the text to score."
        findings.add(number, "missing_required_parameter", message, "body.input")
    elif "input" in body and "text" in body:
        message = "Its 'body' has an 'input' and a 'text'; which of them is to be scored?"
        findings.add(number, "invalid_body", message, "body.input")
    else:
        return _has_same_model(findings, number, body.get("model"))
    return False


def _has_same_model(findings: Findings, number: int, model: object) -> bool:
    if not isinstance(model, str) or not model:
        findings.add(
            number, "missing_required_parameter", "Its 'body' needs a 'model'.", "body.model"
        )
        return False
    findings.model = findings.model or model
    if model != findings.model:
        message = (
            f"Its 'model' differs from '{findings.model[:80]}': a batch has one for all lines."
        )
        findings.add(number, "mismatched_model", message, "body.model")
    return model == findings.model


def _requests(
    source: BinaryIO, findings: Findings, max_line_bytes: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the requests with the numbers of their lines, from 1; blank lines are skipped."""
    number = 0
    while line := source.readline(max_line_bytes + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if len(findings.problems) >= MAX_PROBLEMS:
            return
        if len(line) > max_line_bytes:
            findings.add(number, "line_too_long", f"It is longer than {max_line_bytes:,} bytes.")
            return
        if not line.strip():
            continue
        try:
            yield number, parse_line(line)
        except ValueError as error:
            message = f"This line is not a request: {error}."
            findings.add(number, "invalid_json_line", message)
