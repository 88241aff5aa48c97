"""The body of a request, read as it is sent."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Upload:
    """A body, which is read as it is sent.

    Attributes:
        media_type: what it is.
        content: gives it in runs of bytes, from its beginning at each call.
        packed: whether it is packed with gzip.
        size: its bytes, where that is known beforehand.
        again: whether `content` can be called more than once.
        on_sent: told after each run how many bytes were sent so far.
        begun: whether something of it was sent.
    """

    media_type: str
    content: Callable[[], Iterator[bytes] | AsyncIterator[bytes]]
    packed: bool = False
    size: int | None = None
    again: bool = True
    on_sent: Callable[[int], object] | None = None
    begun: bool = field(default=False, init=False)

    @property
    def headers(self) -> dict[str, str]:
        """Those of a request with this body."""
        headers = {"Content-Type": self.media_type}
        if self.packed:
            headers["Content-Encoding"] = "gzip"
        if self.size is not None:
            # Without it the body goes in chunks, and the service cannot refuse a size beforehand.
            headers["Content-Length"] = str(self.size)
        return headers

    @property
    def repeatable(self) -> bool:
        """Whether it can be sent now, as a whole."""
        return self.again or not self.begun

    def runs(self) -> Iterator[bytes]:
        """The body from its beginning."""
        content, sent = self.content(), 0
        if not isinstance(content, Iterator):
            raise TypeError("An asynchronous iterator can be submitted by AsyncClient only.")
        for run in content:
            sent = self._note(sent, run)
            yield run
            self._tell(sent)

    async def runs_later(self) -> AsyncIterator[bytes]:
        """The body from its beginning, within an event loop."""
        content, sent = self.content(), 0
        async for run in content if isinstance(content, AsyncIterator) else _awaited(content):
            sent = self._note(sent, run)
            yield run
            self._tell(sent)

    def _note(self, sent: int, run: bytes) -> int:
        self.begun = True
        return sent + len(run)

    def _tell(self, sent: int) -> None:
        if self.on_sent:
            self.on_sent(sent)


async def _awaited(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    for run in content:
        yield run
