"""Checking that a text is UTF-8, as a stream."""

import codecs
import ctypes
from pathlib import Path

from shared.compiled import library
from shared.errors.input import NotText

#: How many bytes are decoded at once: few enough for the result to stay in the processor's caches.
#: With 1 MiB the check took five times as long, mostly to allocate memory.
DECODED_BYTES = 16 * 1024

#: `characters.c`, which checks without making strings; making them took a third of an upload's
#: time.
LIBRARY = library(Path(__file__).with_name("characters.so"), ["utf8_whole"])


def check_utf8(content: bytes, begin: int, end: int) -> None:
    """Check a run of whole characters, without making a string of it if it was compiled.

    Raises:
        UnicodeDecodeError: the run is not UTF-8.
    """
    whole = begin
    if LIBRARY:
        whole = LIBRARY.utf8_whole(content, ctypes.c_int64(end), ctypes.c_int64(begin))
    if whole < end:
        str(memoryview(content)[whole:end], "utf-8")


class Utf8Validator:
    """Checks every byte of a text once, in chunks of any length."""

    def __init__(self, begin: int = 0) -> None:
        """Begin at a character of a text, by its offset in bytes."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._size = begin

    def feed(self, chunk: bytes) -> None:
        """Check the next chunk.

        Raises:
            shared.errors.input.NotText: a byte is not UTF-8; the error has its offset in the text.
        """
        begin = 0
        while self._pending() and begin < len(chunk):
            # The rest of a character that began in an earlier chunk.
            self._decode(chunk[begin : begin + 1])
            begin += 1
        whole = begin
        if LIBRARY:
            whole = LIBRARY.utf8_whole(chunk, ctypes.c_int64(len(chunk)), ctypes.c_int64(begin))
        self._size += whole - begin
        # A character that the chunk's end cuts off, or everything from a bad byte on.
        for at in range(whole, len(chunk), DECODED_BYTES):
            self._decode(chunk[at : at + DECODED_BYTES])

    def finish(self) -> None:
        """Check that the last character is complete.

        Raises:
            shared.errors.input.NotText: it is cut off.
        """
        self._decode(b"", final=True)

    def _pending(self) -> int:
        """Return how many bytes of an incomplete character were fed."""
        return len(self._decoder.getstate()[0])

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        pending = self._pending()
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            offset = self._size - pending + error.start
            byte = f"0x{error.object[error.start]:02x}"
            raise NotText(encoding="UTF-8", offset=f"{offset:,}", byte=byte) from None
        self._size += len(chunk)
