"""Encodes rows as NDJSON, one JSON object per line, in constant memory."""

import json
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from typing import Any

from scorelane.client.cells import (
    RefusedCell,
    cell_value,
    is_missing,
    number_value,
    ref_value,
    text_value,
)
from scorelane.client.errors import InvalidSource

#: Lines are sent together once they have this many bytes.
CHUNK_BYTES = 1 << 16

#: Type of an input -> the function that converts its values.
_VALUES: dict[str, Callable[[Any], Any]] = {
    "string": text_value,
    "double": number_value,
    "long": number_value,
}

#: The name of a frame's index in the rows of `DataFrame.itertuples`; it becomes the reference.
_PANDAS_INDEX = "Index"


class NdjsonEncoder:
    """Encodes rows. A row is a text, a pair (ref, text) or a mapping from columns to values.

    Texts and pairs are for models that take one text for each row.

    A row whose values have names (a named tuple, or a row of a database) is read as a mapping: its
    values may be in any order.
    """

    def __init__(
        self,
        ref_column: str | None,
        inputs: Mapping[str, str],
        carried: Collection[str] | None = (),
    ) -> None:
        """Prepare to encode.

        Args:
            ref_column: the column of the references; None: `ref`, if a row has it.
            inputs: the columns that the model takes, each with its type.
            carried: the other columns that mappings are sent with; None: all.
        """
        self._ref_column = ref_column or "ref"
        self._inputs = inputs
        self._text_column = next(iter(inputs)) if list(inputs.values()) == ["string"] else None
        self._all = carried is None
        self._required = {*inputs, *([ref_column] if ref_column else []), *(carried or ())}
        self._converters = {name: _VALUES.get(kind, cell_value) for name, kind in inputs.items()}
        # As ever, an input that is also the reference is converted as an input.
        self._converters.setdefault(self._ref_column, ref_value)
        self._needed = {*self._required, self._ref_column}
        self._rows = 0
        self._buffer = bytearray()

    def chunks(self, rows: Iterable[Any]) -> Iterator[bytes]:
        """Yield the rows as chunks of whole lines.

        Raises:
            TypeError: a row is of another type.
            InvalidSource: a row holds a value that cannot be sent.
        """
        for row in rows:
            if chunk := self._add(row):
                yield chunk
        yield self._flush()

    def json_list(self, rows: Iterable[Any]) -> bytes:
        """Return the rows as one JSON list.

        Raises:
            TypeError: a row is of another type.
            InvalidSource: a row holds a value that cannot be sent.
        """
        return b"[" + b",".join([self._line(row).rstrip(b"\n") for row in rows]) + b"]"

    async def chunks_async(self, rows: AsyncIterable[Any]) -> AsyncIterator[bytes]:
        """Yield the rows of an asynchronous iterator as chunks of whole lines.

        Raises:
            TypeError: a row is of another type.
            InvalidSource: a row holds a value that cannot be sent.
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
        record = self._record(row)
        try:
            return json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        except ValueError as error:
            raise InvalidSource(f"Row {self._rows} cannot be sent: {error}.") from error

    def _record(self, row: Any) -> Mapping[str, Any]:
        if isinstance(row, str) or is_missing(row):
            return self._values({self._text_name(): row})
        if (named := _named_values(row)) is not None:
            has_index = _PANDAS_INDEX in named and _PANDAS_INDEX not in self._inputs
            if has_index and self._ref_column not in named:
                named[self._ref_column] = named.pop(_PANDAS_INDEX)
            return self._values(self._chosen(named))
        match row:
            case Mapping():
                return self._values(self._chosen(row))
            case (ref, text):
                return self._values({self._ref_column: ref, self._text_name(): text})
        raise TypeError(
            f"Row {self._rows} is {type(row).__name__}. A row must be a text, a pair (ref, text) "
            "or a dict."
        )

    def _text_name(self) -> str:
        if self._text_column is None:
            raise InvalidSource(
                f"Row {self._rows} is no dict, and the model takes the columns "
                f"{', '.join(self._inputs)}. Send dicts with these names, or a DataFrame."
            )
        return self._text_column

    def _chosen(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the columns of a row that its job needs."""
        named = {str(name): value for name, value in row.items()}
        if len(named) < len(row):
            raise InvalidSource(f"Row {self._rows} has two columns of the same name.")
        if self._all:
            return named
        chosen = {name: value for name, value in named.items() if name in self._needed}
        if self._rows == 1 and not self._required <= chosen.keys():
            # The service refuses a column that the first rows lack, and lists the ones they have.
            return dict.fromkeys(named) | chosen
        return chosen

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON values of a row."""
        values: dict[str, Any] = {}
        for name, value in row.items():
            if type(value) is str:
                values[name] = value
                continue
            try:
                values[name] = self._converters.get(name, cell_value)(value)
            except RefusedCell as error:
                raise InvalidSource(
                    f"Row {self._rows} cannot be sent: in column '{name}', {error}."
                ) from None
        return values


def _named_values(row: Any) -> dict[str, Any] | None:
    """The values of a row by their names; None if they have none, or if it is a mapping itself.

    Rows of `DataFrame.itertuples` and of SQLAlchemy are named tuples; those of `sqlite3` have keys.
    """
    if isinstance(row, Mapping):
        return None
    if hasattr(row, "_fields") and hasattr(row, "_asdict"):
        return dict(row._asdict())
    if type(row).__module__ == "sqlite3" and hasattr(row, "keys"):
        return dict(zip(row.keys(), row, strict=True))
    return None
