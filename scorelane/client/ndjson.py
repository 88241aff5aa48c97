"""Rows as lines of JSON (NDJSON), in constant memory."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

#: Bytes of lines that are sent at once.
RUN = 1 << 16


class RowLines:
    """Makes lines of rows.

    A row is a text, a pair of a reference and a text, or a mapping from columns to values.
    """

    def __init__(self, ref_column: str, text_column: str) -> None:
        self._ref_column = ref_column
        self._text_column = text_column
        self._rows = 0
        self._run = bytearray()

    def runs(self, rows: Iterable[Any]) -> Iterator[bytes]:
        """The lines, many at a time.

        Raises:
            TypeError, ValueError: a row is none of these, or holds what JSON cannot.
        """
        for row in rows:
            if run := self._add(row):
                yield run
        yield self._rest()

    async def runs_later(self, rows: AsyncIterable[Any]) -> AsyncIterator[bytes]:
        """The same of rows that come from an asynchronous iterator."""
        async for row in rows:
            if run := self._add(row):
                yield run
        yield self._rest()

    def _add(self, row: Any) -> bytes:
        self._run += self._line(row)
        return self._rest() if len(self._run) >= RUN else b""

    def _rest(self) -> bytes:
        run = bytes(self._run)
        self._run.clear()
        return run

    def _line(self, row: Any) -> bytes:
        self._rows += 1
        try:
            line = json.dumps(
                self._record(row), ensure_ascii=False, allow_nan=False, default=_plain
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
            f"Row {self._rows} is {type(row).__name__}. A row is a text, a pair (ref, text) or a "
            "dict."
        )


def _plain(value: Any) -> Any:
    """What JSON has no word for: a number of NumPy's as a number, anything else as its text."""
    return value.item() if hasattr(value, "item") else str(value)
