"""Server-sent events, as they come: runs of bytes in, events out."""

import re
from collections.abc import Iterator
from typing import NamedTuple

#: How a line of the stream may end. A CR at the end of a run may be half of a CR LF.
_LINE = re.compile(rb"(.*?)(?:\r\n|\n|\r(?!\Z))", re.DOTALL)


class SseEvent(NamedTuple):
    """An event of the stream; of a comment, which says that the other end lives, all is empty."""

    kind: str
    id: str
    data: str


class SseParser:
    """Reads a stream of events (the WHATWG's `text/event-stream`)."""

    def __init__(self) -> None:
        #: Seconds after which to come back where the stream ends; None: it did not say.
        self.retry: float | None = None
        self._rest = b""
        self._id = ""
        self._kind = ""
        self._data: list[str] = []

    def feed(self, run: bytes) -> Iterator[SseEvent]:
        """The events and comments that are whole with these bytes."""
        self._rest += run
        end = 0
        for line in _LINE.finditer(self._rest):
            end = line.end()
            said = self._line(line[1].decode(errors="replace"))
            if said:
                yield said
        self._rest = self._rest[end:]

    def _line(self, line: str) -> SseEvent | None:
        if not line:
            return self._event()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "":
                return SseEvent("", "", "")
            case "event":
                self._kind = value
            case "id":
                self._id = value
            case "data":
                self._data.append(value)
            case "retry" if value.isascii() and value.isdecimal():
                self.retry = int(value) / 1000
        return None

    def _event(self) -> SseEvent | None:
        kind, data = self._kind, self._data
        self._kind, self._data = "", []
        return SseEvent(kind or "message", self._id, "\n".join(data)) if data else None
