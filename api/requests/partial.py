"""A body that is only the beginning of a file, as a dry run may be sent (`total_bytes`)."""

from collections.abc import Iterator

from shared.errors.input import BadOption

#: The longest end of a text that is held back to see whether the text is cut off in it.
_MOST_HELD_BYTES = 1024 * 1024

#: With larger pieces, more would be counted than what was unpacked so far.
_PIECE_BYTES = 4 * 1024


class SentFile:
    """The bytes of a file as they were sent, counted before they are unpacked.

    Attributes:
        total: the bytes of the whole file; None: the body is the whole file.
        received: the bytes so far.
    """

    def __init__(self, total: int | None = None) -> None:
        self.total = total
        self.received = 0

    @property
    def is_cut(self) -> bool:
        """Whether the file goes on after what was sent, once that was read to its end."""
        return self.total is not None and self.received < self.total

    def counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the chunks on.

        Raises:
            shared.errors.input.BadOption: they are more than the whole file.
        """
        for chunk in chunks:
            if self.total is None:
                self.received += len(chunk)
                yield chunk
                continue
            for at in range(0, len(chunk), _PIECE_BYTES):
                piece = chunk[at : at + _PIECE_BYTES]
                self.received += len(piece)
                if self.received > self.total:
                    sent = f"at least {self.received:,} bytes were sent"
                    reason = f"{sent}; give the bytes of the whole file"
                    raise BadOption(option="total_bytes", value=str(self.total), reason=reason)
                yield piece

    def whole_lines(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass on UTF-8 text, without a last line that the end of what was sent cuts off.

        If there is no second line, the first characters of it are passed on.
        """
        rest, lines = b"", 0
        for chunk in chunks:
            text = rest + chunk
            end = text.rfind(b"\n") + 1
            if len(text) - end > _MOST_HELD_BYTES:
                end = len(text)
            lines += text.count(b"\n", 0, end)
            rest = text[end:]
            if end:
                yield text[:end]
        if self.is_cut:
            # Only a character that is cut off; another bad byte is for the reader to refuse.
            rest = b"" if lines > 1 else rest[: _end_of_characters(rest)]
        if rest:
            yield rest


def _end_of_characters(text: bytes) -> int:
    """The length of UTF-8 text without a last character that is not complete."""
    for back in range(1, min(4, len(text)) + 1):
        byte = text[-back]
        if byte & 0xC0 != 0x80:
            size = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return len(text) if back >= size else len(text) - back
    return len(text)
