"""Checks that what comes in runs of bytes is UTF-8."""

import codecs
import ctypes
from pathlib import Path

from shared.compiled import library
from shared.errors.input import NotText

#: Bytes that are decoded at once: what they become stays in the processor's caches. In runs of
#: 1 MiB the check took five times as long, most of it for fresh memory.
DECODED_BYTES = 16 * 1024

#: `characters.c`, which makes no strings: a third of an upload's time was that.
LIBRARY = library(Path(__file__).with_name("characters.so"), ["utf8_whole"])


class Utf8Validator:
    """Looks at every byte of a text once, whatever runs it comes in."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Check the next run.

        Raises:
            shared.errors.input.NotText: a byte is not UTF-8; with its place in the text.
        """
        begin = 0
        while self._pending() and begin < len(chunk):
            # The rest of a character that was cut.
            self._decode(chunk[begin : begin + 1])
            begin += 1
        whole = begin
        if LIBRARY:
            whole = LIBRARY.utf8_whole(chunk, ctypes.c_int64(len(chunk)), ctypes.c_int64(begin))
        self._size += whole - begin
        # A character that is cut, or the run from what is wrong in it on.
        for at in range(whole, len(chunk), DECODED_BYTES):
            self._decode(chunk[at : at + DECODED_BYTES])

    def finish(self) -> None:
        """See that the text does not end within a character.

        Raises:
            shared.errors.input.NotText: it does.
        """
        self._decode(b"", final=True)

    def _pending(self) -> int:
        """Bytes of a character whose end has not come yet."""
        return len(self._decoder.getstate()[0])

    def _decode(self, some: bytes, *, final: bool = False) -> None:
        pending = self._pending()
        try:
            self._decoder.decode(some, final)
        except UnicodeDecodeError as error:
            offset = self._size - pending + error.start
            byte = f"0x{error.object[error.start]:02x}"
            raise NotText(encoding="UTF-8", offset=f"{offset:,}", byte=byte) from None
        self._size += len(some)
