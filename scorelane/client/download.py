"""Downloads the complete results of a job."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import httpx
from typing_extensions import override

from scorelane.client.errors import Unreachable
from scorelane.client.io_steps import Send
from scorelane.client.reconnecting import ReconnectingReader
from scorelane.client.request import Requests


class Download(ReconnectingReader[bytes]):
    """Reads a job's results in chunks; continues after a cut with a range request, or restarts.

    The service serves ranges, under a strong ETag, only in the format that it stores the results
    in. In another format the download has to restart.
    """

    def __init__(
        self,
        requests: Requests[Any],
        path: str,
        params: Mapping[str, str],
        on_restart: Callable[[], object] | None = None,
    ) -> None:
        """Prepare the download; nothing is sent yet.

        Args:
            requests: the client.
            path: the URL path of the results.
            params: the query.
            on_restart: called when the download restarts, to discard everything read so far. None:
                that cannot be discarded, so a cut that needs a restart is an error.
        """
        super().__init__(requests)
        # Ranges count the bytes as sent, so these must not be compressed.
        self._first_request = Send(
            "GET", path, params=params, headers={"Accept-Encoding": "identity"}, stream=True
        )
        self._on_restart = on_restart
        self._received = 0
        self._furthest = 0
        self._etag = ""

    @override
    def _request(self) -> Send:
        request = self._first_request
        if not self._received:
            return request
        resume = {"Range": f"bytes={self._received}-", "If-Range": self._etag}
        return replace(request, headers={**request.headers, **resume})

    @override
    def _on_open(self, response: httpx.Response) -> None:
        self._requests.check_not_a_page(response)
        if self._received and response.status_code != httpx.codes.PARTIAL_CONTENT:
            raise Unreachable(
                "The connection was cut, and the results have changed meanwhile. Download them "
                "again."
            )
        self._etag = response.headers.get("ETag", "")

    @override
    def _items_in(self, chunk: bytes) -> Iterable[bytes]:
        self._received += len(chunk)
        if self._received > self._furthest:
            self._furthest = self._received
            self._progressed()
        return [chunk]

    @override
    def _pause_before_next(self, response: httpx.Response) -> float | None:
        return None

    @override
    def _prepare_to_resume(self) -> bool:
        # A weak ETag (W/"...") does not allow ranges.
        if self._etag.startswith('"') or not self._received:
            return True
        if self._on_restart is None:
            return False
        self._on_restart()
        self._received = 0
        return True
