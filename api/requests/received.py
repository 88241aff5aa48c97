"""The digest of what a request sends, computed while it is read."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

from shared.jobs.digest import Digest, Digester


class Received:
    """Computes the digest of chunks that pass by, in a thread of its own.

    An upload is read and checked by one thread, which SHA-256 would slow down by a third. The first
    chunk is added in the calling thread: most uploads have only one, and need no second thread.
    """

    def __init__(self) -> None:
        self._digester = Digester()

    def watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the chunks on, and add each; no more than one waits to be added."""
        first = next(chunks, b"")
        self._digester.update(first)
        if first:
            yield first
        second = next(chunks, None)
        if second is not None:
            yield from self._watch(chain([second], chunks))

    def _watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        pending: Future[None] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="digest") as thread:
            for chunk in chunks:
                if pending:
                    pending.result()
                pending = thread.submit(self._digester.update, chunk)
                yield chunk

    @property
    def digest(self) -> Digest:
        """The digest of the chunks, once `watch` was read to its end."""
        return self._digester.digest
