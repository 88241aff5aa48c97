"""All result rows of a job as the bytes of one file: what a download in the job's format gives."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from shared.jobs.spec import Spec
from shared.storage.blobs import Blobs
from shared.tables.result_formats import part_format
from worker.steps.parquet_input import CHECK_BYTES

Item = TypeVar("Item")
Read = TypeVar("Read")


def result_chunks(blobs: Blobs, spec: Spec, parts: Sequence[int]) -> Generator[bytes]:
    """The bytes of a file with the results of some parts, in order and in constant memory.

    Args:
        blobs: where the results are.
        spec: of the job, whose parts are all done. For Parquet its file must have been made, and
            all of it is given.
        parts: the numbers of the parts.

    Raises:
        FileNotFoundError: a result is not there any more.
        shared.errors.service.DataDamaged: a result is not as it was written.
        OSError: the store did not answer.
    """
    if spec.result_format == "parquet":
        with blobs.open(spec.whole_key) as file:
            while chunk := file.read(CHECK_BYTES):
                yield chunk
        return
    if head := part_format(spec).header(spec.result_columns):
        yield head
    yield from ahead(blobs, lambda number: blobs.read(spec.result_key(number)), parts)


def ahead(blobs: Blobs, read: Callable[[Item], Read], items: Sequence[Item]) -> Iterator[Read]:
    """What `read` gives for each item, in order.

    A thread reads the next one while the caller uses the one before; several threads read if the
    store is far away.
    """
    if len(items) == 1:
        yield read(items[0])
        return
    at_once = max(blobs.at_once, 2)
    with ThreadPoolExecutor(at_once, thread_name_prefix="results") as threads:
        calls: deque[Future[Read]] = deque()
        try:
            for item in items:
                calls.append(threads.submit(copy_context().run, read, item))
                if len(calls) == at_once:
                    yield calls.popleft().result()
            while calls:
                yield calls.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)
