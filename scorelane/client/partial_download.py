"""Downloads the results that a job has so far, and optionally the later ones while it runs."""

from collections.abc import Iterable, Mapping
from typing import Any

import httpx
from typing_extensions import override

from scorelane.client.errors import retry_after
from scorelane.client.io_steps import Send
from scorelane.client.polling import bounded_pause
from scorelane.client.reconnecting import ReconnectingReader
from scorelane.client.request import Requests


class PartialDownload(ReconnectingReader[bytes]):
    """Reads the partial results of a job as a sequence of pieces that together are one file.

    Each response is a piece, and its `Link: rel="next"` leads to the next one. A piece that was cut
    is requested again. It begins with the same bytes, which are skipped, and may be longer now.
    """

    def __init__(
        self, requests: Requests[Any], path: str, params: Mapping[str, str], *, follow: bool
    ) -> None:
        """Prepare the download; nothing is sent yet.

        Args:
            requests: the client.
            path: the URL path of the results.
            params: the query.
            follow: whether to wait for more results until the job has ended.
        """
        super().__init__(requests)
        self._path = path
        self._params = {**params, "partial": "true"}
        self._follow = follow
        #: Bytes of this piece: those in the current response, and those returned to the caller.
        self._received = self._returned = 0

    @override
    def _request(self) -> Send:
        return Send("GET", self._path, params=self._params, stream=True)

    @override
    def _on_open(self, response: httpx.Response) -> None:
        self._requests.check_not_a_page(response)
        self._received = 0

    @override
    def _items_in(self, chunk: bytes) -> Iterable[bytes]:
        self._received += len(chunk)
        new = self._received - self._returned
        if new <= 0:
            return []
        self._returned = self._received
        self._progressed()
        return [chunk[-new:]]

    @override
    def _pause_before_next(self, response: httpx.Response) -> float | None:
        self._returned = 0
        next_link, wait = response.links.get("next"), retry_after(response)
        if next_link is None or (wait is not None and not self._follow):
            return None
        with self._requests.valid_response():
            self._params["cursor"] = httpx.URL(next_link["url"]).params["cursor"]
        # Without `Retry-After` the next piece is there already.
        return 0.0 if wait is None else bounded_pause(wait)
