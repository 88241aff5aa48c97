"""The body of a request, read while it is sent."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

from scorelane.client.errors import SourceChanged


@dataclass
class Upload:
    """A request body that is read while it is sent, so that memory stays constant.

    Attributes:
        media_type: value of the `Content-Type` header.
        content: returns an iterator over the body in chunks; each call begins at the start.
        gzipped: whether the content is compressed with gzip.
        size: bytes of the content, if known in advance.
        rereadable: whether `content` may be called more than once.
        on_sent: called after each chunk with the number of bytes sent so far.
        started: whether any of the content has been read.
    """

    media_type: str
    content: Callable[[], Iterator[bytes] | AsyncIterator[bytes]]
    gzipped: bool = False
    size: int | None = None
    rereadable: bool = True
    on_sent: Callable[[int], object] | None = None
    started: bool = field(default=False, init=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request with this body."""
        headers = {"Content-Type": self.media_type}
        if self.gzipped:
            headers["Content-Encoding"] = "gzip"
        if self.size is not None:
            # Without it httpx sends the body chunked, and the service cannot refuse a body that is
            # too large before it has read it.
            headers["Content-Length"] = str(self.size)
        return headers

    @property
    def can_be_sent(self) -> bool:
        """Whether the whole content can be sent now, for the first time or again."""
        return self.rereadable or not self.started

    def chunks(self) -> Iterator[bytes]:
        """Iterate over the content from its start.

        Raises:
            TypeError: the content is an asynchronous iterator.
            SourceChanged: the content has not the size that was announced.
        """
        content, sent = self.content(), 0
        if not isinstance(content, Iterator):
            raise TypeError("Client cannot send an asynchronous iterator. Use AsyncClient.")
        for chunk in content:
            self.started = True
            self._check_size(sent + len(chunk))
            yield chunk
            sent += len(chunk)
            self._report(sent)
        self._check_size(sent, ended=True)

    async def chunks_async(self) -> AsyncIterator[bytes]:
        """Iterate over the content from its start, within an event loop.

        Raises:
            SourceChanged: the content has not the size that was announced.
        """
        content, sent = self.content(), 0
        async for chunk in content if isinstance(content, AsyncIterator) else _async(content):
            self.started = True
            self._check_size(sent + len(chunk))
            yield chunk
            sent += len(chunk)
            self._report(sent)
        self._check_size(sent, ended=True)

    def _check_size(self, count: int, *, ended: bool = False) -> None:
        # The service must not take the beginning of a file for a whole one.
        if self.size is None or (count <= self.size and not ended) or count == self.size:
            return
        raise SourceChanged(
            f"The source had {self.size:,} bytes when the upload began, and gave "
            f"{'only' if ended else 'at least'} {count:,}. Submit it when it no longer changes."
        )

    def _report(self, sent: int) -> None:
        if self.on_sent:
            self.on_sent(sent)


async def _async(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in content:
        yield chunk
