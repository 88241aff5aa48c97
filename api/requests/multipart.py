"""One file from a multipart form, as a stream."""

from collections.abc import Iterator

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from api.requests.body import READ_BYTES
from shared.errors.input import NotMultipart

#: What the fields of a form may hold, all together; and how far a part's header may go.
MAX_FIELD_BYTES = 1024 * 1024


class MultipartUpload:
    """Reads a form of one file and some fields, never more than a chunk of it in memory.

    werkzeug's own `request.files` would put the whole file into a temporary one first.
    """

    def __init__(self, body: Iterator[bytes], boundary: str | None) -> None:
        if not boundary:
            raise NotMultipart(reason="its content type names no boundary")
        self.fields: MultiDict[str, str] = MultiDict()
        self._field, self._value = "", b""
        self._held = 0
        self._body = body
        self._decoder = MultipartDecoder(
            # What it holds back of one read comes on top of the next.
            boundary.encode("latin-1", "replace"),
            MAX_FIELD_BYTES + READ_BYTES,
            max_parts=100,
        )
        self._events = self._read()

    def open(self) -> File:
        """Read as far as the file, which has a name and headers; `fields` has those before it.

        Raises:
            shared.errors.input.NotMultipart: the form is malformed, or has no file.
        """
        for event in self._events:
            if isinstance(event, File):
                return event
            self._take_field(event)
        raise NotMultipart(reason="it has no file")

    def chunks(self) -> Iterator[bytes]:
        """The content of the file that was opened. `fields` is whole when this is at its end.

        Raises:
            shared.errors.input.NotMultipart: the form is malformed, or has several files.
        """
        in_file = True
        for event in self._events:
            if isinstance(event, File):
                raise NotMultipart(reason="it has more than one file")
            if in_file and isinstance(event, Data):
                in_file = event.more_data
                yield event.data
            else:
                self._take_field(event)

    def _take_field(self, event: Event) -> None:
        if isinstance(event, Field):
            self._field, self._value = event.name, b""
            self._hold(len(event.name))
        elif isinstance(event, Data):
            self._value += event.data
            self._hold(len(event.data))
            if not event.more_data:
                self.fields.add(self._field, self._value.decode("utf-8", "replace"))

    def _hold(self, more: int) -> None:
        self._held += more
        if self._held > MAX_FIELD_BYTES:
            name = self._field[:80]
            raise NotMultipart(reason=f"its fields are too long, or too many, up to '{name}'")

    def _read(self) -> Iterator[Event]:
        try:
            while True:
                event = self._decoder.next_event()
                if isinstance(event, NeedData):
                    self._decoder.receive_data(next(self._body, None))
                    continue
                yield event
                if isinstance(event, Epilogue):
                    return
        except (ValueError, RequestEntityTooLarge):
            raise NotMultipart(reason="it is malformed, or cut off") from None
