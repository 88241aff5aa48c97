"""The one file of a multipart form, as a stream, and the fields around it."""

from collections.abc import Iterator

from werkzeug.datastructures import Headers, MultiDict
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

#: The most bytes that all fields of a form may have together, and that a part's header may have.
MAX_FIELD_BYTES = 1024 * 1024

#: The encodings of a part in which its bytes are sent as they are; a gzip is known by its first
#: bytes.
_AS_THEY_ARE = {
    "Content-Transfer-Encoding": {"7bit", "8bit", "binary"},
    "Content-Encoding": {"identity", "gzip", "x-gzip"},
}


class MultipartUpload:
    """Reads a form with one file and some fields, with one chunk of it in memory at a time.

    werkzeug's own `request.files` would first write the whole file to a temporary file.

    Attributes:
        fields: the fields that were read so far.
    """

    def __init__(self, body: Iterator[bytes], boundary: str | None) -> None:
        if not boundary:
            raise NotMultipart(reason="its content type names no boundary")
        self.fields: MultiDict[str, str] = MultiDict()
        self._field, self._value = "", b""
        self._field_bytes = 0
        self._body = body
        self._decoder = MultipartDecoder(
            boundary.encode("latin-1", "replace"),
            # The decoder's buffer holds a chunk, and what it has kept of earlier ones.
            MAX_FIELD_BYTES + READ_BYTES,
            max_parts=100,
        )
        self._events = self._read()

    def open(self) -> File:
        """Read up to the file, and return its name and headers; `fields` then has those before it.

        Raises:
            shared.errors.input.NotMultipart: the form is malformed, or has no file.
        """
        for event in self._events:
            if isinstance(event, File):
                _check_encoding(event.headers)
                return event
            self._add_to_field(event)
        raise NotMultipart(reason="it has no file")

    def chunks(self) -> Iterator[bytes]:
        """Read the content of the opened file; at its end, `fields` is complete.

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
                self._add_to_field(event)

    def _add_to_field(self, event: Event) -> None:
        if isinstance(event, Field):
            # werkzeug gives None where the part's header has no name.
            if not isinstance(event.name, str):
                raise NotMultipart(reason="one of its parts has no name")
            _check_encoding(event.headers)
            self._field, self._value = event.name, b""
            self._count(len(event.name))
        elif isinstance(event, Data):
            self._value += event.data
            self._count(len(event.data))
            if not event.more_data:
                self.fields.add(self._field, self._text())

    def _text(self) -> str:
        try:
            return self._value.decode("utf-8")
        except UnicodeDecodeError:
            raise NotMultipart(reason=f"its field '{self._field[:80]}' is not UTF-8") from None

    def _count(self, size: int) -> None:
        self._field_bytes += size
        if self._field_bytes > MAX_FIELD_BYTES:
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


def _check_encoding(headers: Headers) -> None:
    """Refuse a part that is to be decoded: forms have no such parts (RFC 7578, 4.7)."""
    for name, accepted in _AS_THEY_ARE.items():
        found = headers.get(name, "").strip().lower()
        if found and found not in accepted:
            reason = f"a part has the {name} '{found[:80]}'; send its bytes as they are"
            raise NotMultipart(reason=reason)
