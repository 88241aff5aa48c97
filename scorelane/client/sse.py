"""Parses server-sent events (`text/event-stream`) from chunks of bytes."""

import re
from collections.abc import Iterator
from typing import NamedTuple

#: A line and its end. A CR at the end of the chunk may be the first half of a CR LF.
_LINE = re.compile(rb"(.*?)(?:\r\n|\n|\r(?!\Z))", re.DOTALL)


class SseEvent(NamedTuple):
    """An event of the stream. All fields are empty for a comment, which servers send to stay alive.

    `kind` is the event's type: its `event` field, by default `message`.
    """

    kind: str
    id: str
    data: str


class SseParser:
    """Parses an event stream as the WHATWG's HTML standard (section 9.2) defines it."""

    def __init__(self) -> None:
        #: Seconds after which to reconnect when the stream ends; None: the stream did not say.
        self.retry: float | None = None
        self._rest = b""
        self._id = ""
        self._kind = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Yield the events and comments that are complete with this chunk."""
        self._rest += chunk
        end = 0
        for line in _LINE.finditer(self._rest):
            end = line.end()
            event = self._read_line(line[1].decode(errors="replace"))
            if event:
                yield event
        self._rest = self._rest[end:]

    def _read_line(self, line: str) -> SseEvent | None:
        if not line:
            return self._complete_event()
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

    def _complete_event(self) -> SseEvent | None:
        kind, data = self._kind, self._data
        self._kind, self._data = "", []
        return SseEvent(kind or "message", self._id, "\n".join(data)) if data else None
