"""What the first requests of a batch say of it; a worker looks at all of them later."""

import io
import json
from dataclasses import dataclass
from typing import BinaryIO

#: Bytes from the beginning, by which the number of lines is reckoned.
LOOKED_AT = 256 * 1024


@dataclass(frozen=True)
class FirstLook:
    """What a batch seems to be.

    Attributes:
        is_empty: whether there is no line with anything in it, as far as was looked.
        model: the one that the first request names; None where that is no request.
        rows: about how many there are.
    """

    is_empty: bool
    model: str | None
    rows: int


def first_look(source: BinaryIO, size: int, max_line_bytes: int) -> FirstLook:
    """Look at the beginning of a batch's input, whatever its length.

    Args:
        source: JSONL.
        size: in bytes.
        max_line_bytes: a longer line is no request.
    """
    head = source.read(LOOKED_AT + max_line_bytes)
    looked_at = head[:LOOKED_AT]
    lines = [line for line in looked_at.split(b"\n") if line.strip()]
    # Where the look ends within a line a part of one is counted as one.
    rows = round(len(lines) * max(size / max(len(looked_at), 1), 1.0))
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
