"""Streams whose content may be deleted while they are being prepared or sent."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

from flask import Response, request


@contextmanager
def recheck_on_missing(find: Callable[[], object]) -> Iterator[None]:
    """Where the block finds something missing, look up again the record that it belongs to.

    A job or a file may be deleted, or expire, while a response is being prepared. The answer is
    then the same as if that had happened before the request.

    Args:
        find: looks up the record; raises the error to answer with if the record is gone.

    Raises:
        FileNotFoundError: the record is there, but what the block reads is not.
    """
    try:
        yield
    except FileNotFoundError:
        find()
        raise


def with_first_chunk(response: Response) -> Response:
    """The same response, with the first chunk of its body read already.

    Headers are sent only after this. So if the content is gone by now, the client gets an error and
    not a body that breaks off.
    """
    if request.method == "HEAD" or not response.is_streamed:
        return response
    chunks: Iterator[bytes] = response.iter_encoded()
    close = getattr(response.response, "close", None)
    response.response = chain([next(chunks, b"")], chunks)
    if close:
        response.call_on_close(close)
    return response


def prepend(head: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """`head`, then `chunks`; nothing is given before the first chunk was read."""
    rest = iter(chunks)
    yield head + next(rest, b"")
    yield from rest
