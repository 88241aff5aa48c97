"""Notes which bytes of the results of a job were sent, if it keeps no rows (`keep=none`)."""

import logging
from collections.abc import Iterable, Iterator
from typing import Self, cast

from flask import Response, request
from redis.exceptions import RedisError

from api.services import Services
from shared.jobs.job import Job

logger = logging.getLogger(__name__)


def noted(services: Services, job: Job, response: Response, *, is_own: bool) -> Response:
    """Return a response with results; what is sent of it is noted at its end.

    A page of JSON is not noted, and neither is an answer without a body.

    Args:
        services: the store.
        job: the job; one that keeps its rows needs no notes.
        response: all of its results, or a range of their bytes.
        is_own: whether they are in the job's own format, in which a download can be continued.
    """
    has_body = request.method != "HEAD" and response.status_code in (200, 206)
    if job.spec.keep != "none" or not has_body or response.mimetype == "application/json":
        return response
    begin, size = 0, response.content_length or 0
    if response.status_code == 206:
        begin = response.content_range.start or 0
        size = response.content_range.length or 0
    chunks = cast("Iterable[bytes]", response.response)
    delivery = _Delivery(services, job.spec.id, chunks, (begin, size) if is_own else None)
    response.response = delivery
    return response


class _Delivery(Iterator[bytes]):
    """The chunks of a response. A chunk was sent when the server asks for the next one."""

    def __init__(
        self,
        services: Services,
        job_id: str,
        chunks: Iterable[bytes],
        place: tuple[int, int] | None,
    ) -> None:
        """Take the chunks.

        Args:
            services: the store.
            job_id: the job.
            chunks: the chunks.
            place: of the first byte in the file, and the size of the file; None: the file is
                written anew for each download, and only counts as a whole.
        """
        self._services, self._job_id = services, job_id
        self._all, self._chunks = chunks, iter(chunks)
        self._place = place
        self._sent = self._given = 0
        self._is_noted = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        self._sent = self._given
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._note(at_end=True)
            raise
        self._given += len(chunk)
        return chunk

    def close(self) -> None:
        """Note what was sent of a response that has broken off."""
        self._note(at_end=False)
        if close := getattr(self._all, "close", None):
            close()

    def _note(self, *, at_end: bool) -> None:
        if self._is_noted or not (at_end or (self._place and self._sent)):
            return
        self._is_noted = True
        store = self._services.store
        try:
            if self._place is None:
                store.note_sent(self._job_id)
            else:
                begin, size = self._place
                store.note_sent(self._job_id, begin, begin + self._sent, size)
        except RedisError as error:
            # The rows are then deleted some time after the end of the job.
            logger.warning("job=%s: a download is not noted: %s", self._job_id, error)
