"""What is kept of a job goes with it: who comes just then is answered as who comes later."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

from flask import Response, request


@contextmanager
def kept(find: Callable[[], object]) -> Iterator[None]:
    """Read here what is kept of something whose record was found a moment ago.

    Args:
        find: finds it as it was found then; where it was deleted or has expired meanwhile, raises
            what says so.

    Raises:
        FileNotFoundError: it is there, and what was to be read is not.
    """
    try:
        yield
    except FileNotFoundError:
        find()
        raise


def begun(answer: Response) -> Response:
    """The same answer, its first bytes read: that they are gone can be said until they are sent."""
    if request.method == "HEAD" or not answer.is_streamed:
        return answer
    runs: Iterator[bytes] = answer.iter_encoded()
    close = getattr(answer.response, "close", None)
    answer.response = chain([next(runs, b"")], runs)
    if close:
        answer.call_on_close(close)
    return answer


def behind(head: bytes, runs: Iterable[bytes]) -> Iterator[bytes]:
    """A head and what follows it; the first bytes are sent when the first run is there."""
    left = iter(runs)
    yield head + next(left, b"")
    yield from left
