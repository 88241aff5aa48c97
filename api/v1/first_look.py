"""A look at the first requests of a batch, before a worker checks them all."""

import io
import json
from dataclasses import dataclass
from typing import BinaryIO

#: The number of lines is estimated from this many bytes at the beginning.
SAMPLE_BYTES = 256 * 1024


@dataclass(frozen=True)
class FirstLook:
    """What the beginning of a batch's input shows.

    Attributes:
        is_empty: whether the input is read to its end and has blank lines alone.
        model: that of the first line that is not blank; None if it is no request or names none.
        rows: an estimate of the number of requests.
    """

    is_empty: bool
    model: str | None
    rows: int


def first_look(source: BinaryIO, size: int, max_line_bytes: int) -> FirstLook:
    """Look at the beginning of a batch's input; the time does not depend on its length.

    Args:
        source: the input, as JSONL.
        size: its length in bytes.
        max_line_bytes: the length of the longest line that may be a request.
    """
    head = source.read(SAMPLE_BYTES + max_line_bytes)
    sample = head[:SAMPLE_BYTES]
    # A line that the end of the sample cuts counts as a whole one: this is an estimate.
    lines = [line for line in sample.split(b"\n") if line.strip()]
    rows = round(len(lines) * max(size / max(len(sample), 1), 1.0))
    for line in io.BytesIO(head.removeprefix(b"\xef\xbb\xbf")):
        if line.strip():
            return FirstLook(is_empty=False, model=_model_of(line), rows=rows)
    return FirstLook(is_empty=len(head) == size, model=None, rows=rows)


def _model_of(line: bytes) -> str | None:
    try:
        body = json.loads(line)["body"]
        model = body["model"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return model if isinstance(model, str) and model else None
