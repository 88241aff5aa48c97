"""About how many rows an upload has, told while it passes by."""

#: So much of an upload is searched for line breaks.
SAMPLE_BYTES = 1024 * 1024


class RowEstimate:
    """As many as lines, if all are as long as the first."""

    def __init__(self) -> None:
        self._lines = 0
        self._sampled = 0

    def feed(self, chunk: bytes) -> None:
        """Look at the next chunk of the upload."""
        if self._sampled < SAMPLE_BYTES:
            self._lines += chunk.count(b"\n")
            self._sampled += len(chunk)

    def of(self, size: int) -> int:
        """The rows of an upload of so many bytes."""
        return self._lines * size // max(self._sampled, 1)
