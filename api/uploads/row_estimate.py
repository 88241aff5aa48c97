"""Estimating the number of rows of an upload, as a stream."""

#: How much of an upload is searched for line breaks.
SAMPLE_BYTES = 1024 * 1024


class RowEstimate:
    """Estimates the rows from the lines at the beginning, as if all lines were equally long."""

    def __init__(self) -> None:
        self._lines = 0
        self._sampled = 0

    def feed(self, chunk: bytes) -> None:
        """Count the lines of the next chunk, if the sample is not complete."""
        if self._sampled < SAMPLE_BYTES:
            self._lines += chunk.count(b"\n")
            self._sampled += len(chunk)

    def of(self, size: int) -> int:
        """Return about how many rows an upload of `size` bytes has."""
        return self._lines * size // max(self._sampled, 1)
