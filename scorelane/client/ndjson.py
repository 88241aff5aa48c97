"""Encodes rows as NDJSON, one JSON object per line, in constant memory."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

#: Lines are sent together once they have this many bytes.
CHUNK_BYTES = 1 << 16


class NdjsonEncoder:
    """Encodes rows. A row is a text, a pair (ref, text) or a mapping from columns to values."""

    def __init__(self, ref_column: str, text_column: str) -> None:
        self._ref_column = ref_column
        self._text_column = text_column
        self._rows = 0
        self._buffer = bytearray()

    def chunks(self, rows: Iterable[Any]) -> Iterator[bytes]:
        """Yield the rows as chunks of whole lines.

        Raises:
            TypeError: a row is of another type.
            ValueError: a row holds a value that JSON cannot represent.
        """
        for row in rows:
            if chunk := self._add(row):
                yield chunk
        yield self._flush()

    async def chunks_async(self, rows: AsyncIterable[Any]) -> AsyncIterator[bytes]:
        """Yield the rows of an asynchronous iterator as chunks of whole lines.

        Raises:
            TypeError: a row is of another type.
            ValueError: a row holds a value that JSON cannot represent.
        """
        async for row in rows:
            if chunk := self._add(row):
                yield chunk
        yield self._flush()

    def _add(self, row: Any) -> bytes:
        """Buffer a row; returns a chunk if the buffer is full, else nothing."""
        self._buffer += self._line(row)
        return self._flush() if len(self._buffer) >= CHUNK_BYTES else b""

    def _flush(self) -> bytes:
        chunk = bytes(self._buffer)
        self._buffer.clear()
        return chunk

    def _line(self, row: Any) -> bytes:
        self._rows += 1
        try:
            line = json.dumps(
                self._record(row), ensure_ascii=False, allow_nan=False, default=_json_value
            )
            return line.encode() + b"\n"
        except ValueError as error:
            raise ValueError(f"Row {self._rows} cannot be sent: {error}.") from error

    def _record(self, row: Any) -> Mapping[str, Any]:
        match row:
            case str() | None:
                return {self._text_column: row}
            case Mapping():
                return dict(row)
            case (ref, text):
                return {self._ref_column: ref, self._text_column: text}
        raise TypeError(
            f"Row {self._rows} is {type(row).__name__}. A row must be a text, a pair (ref, text) "
            "or a dict."
        )


def _json_value(value: Any) -> Any:
    """Convert a value that `json` does not know: NumPy's to plain numbers, others to texts."""
    return value.item() if hasattr(value, "item") else str(value)
