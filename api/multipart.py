"""One file from a multipart form, as a stream."""

from collections.abc import Iterator

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

from shared.errors import NotMultipart

#: What a form field may hold, and how far a part's header may go.
MAX_FIELD_BYTES = 1024 * 1024


class MultipartUpload:
    """Reads a form of one file and some fields, never more than a chunk of it in memory.

    werkzeug's own `request.files` would put the whole file into a temporary one first.
    """

    def __init__(self, body: Iterator[bytes], boundary: str | None) -> None:
        if not boundary:
            raise NotMultipart(reason="its content type names no boundary")
        self.fields: dict[str, str] = {}
        self._body = body
        self._decoder = MultipartDecoder(
            boundary.encode("latin-1", "replace"), MAX_FIELD_BYTES, max_parts=100
        )

    def chunks(self) -> Iterator[bytes]:
        """The content of the file. `fields` is whole when this has come to its end.

        Raises:
            shared.errors.NotMultipart: it is malformed, or has no file, or several.
        """
        files = 0
        part: Field | File | None = None
        value = b""
        for event in self._events():
            if isinstance(event, File):
                files += 1
                if files > 1:
                    raise NotMultipart(reason="it has more than one file")
            if isinstance(event, Field | File):
                part, value = event, b""
            elif isinstance(event, Data) and isinstance(part, File):
                yield event.data
            elif isinstance(event, Data) and isinstance(part, Field):
                value += event.data
                if len(value) > MAX_FIELD_BYTES:
                    raise NotMultipart(reason=f"its field '{part.name}' is too long")
                if not event.more_data:
                    self.fields[part.name] = value.decode("utf-8", "replace")
        if not files:
            raise NotMultipart(reason="it has no file")

    def _events(self) -> Iterator[Event]:
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
