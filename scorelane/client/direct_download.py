"""Downloads the complete results of a job from object storage itself, if they are there."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import Enum, auto
from typing import Any

import httpx
from typing_extensions import override

from scorelane.client.download import Download
from scorelane.client.errors import ClientError
from scorelane.client.io_steps import Send, Steps
from scorelane.client.request import Requests
from scorelane.client.retries import Attempts, Retries

#: How long the service may wait until the file is in object storage, in seconds.
WAIT_SECONDS = 20


class _From(Enum):
    """Where the next bytes come from."""

    ASKING = auto()  #: The service is asked where they are.
    STORAGE = auto()  #: Object storage.
    SERVICE = auto()  #: The service.


class DirectDownload(Download):
    """Reads a job's results from object storage, where the service leads to.

    The file there has the same bytes as the download from the service. So if object storage cannot
    be reached, or a connection to it is cut, the service gives the rest. The length and the digest
    of the whole are checked at its end.
    """

    def __init__(
        self,
        requests: Requests[Any],
        path: str,
        params: Mapping[str, str],
        on_restart: Callable[[], object] | None = None,
    ) -> None:
        """Prepare the download, as a `Download` is prepared."""
        super().__init__(requests, path, params, on_restart)
        self._from = _From.ASKING
        self._answer = b""
        self._url = ""
        self._size: int | None = None
        self._sha256 = ""
        self._digest = hashlib.sha256()

    @override
    def next(self) -> Steps[bytes | None]:
        while True:
            try:
                return (yield from super().next())
            except ClientError:
                if self._from is not _From.STORAGE:
                    raise
                if self._is_whole():
                    # The connection was cut after its last byte.
                    self._finished = True
                self._go_on_from(_From.SERVICE)

    @override
    def _request(self) -> Send:
        request = self._first_request
        if self._from is _From.ASKING:
            return replace(
                request,
                params={**request.params, "redirect": "true"},
                headers={**request.headers, "Prefer": f"wait={WAIT_SECONDS}"},
                extra_seconds=WAIT_SECONDS,
                may_redirect=True,
            )
        if self._from is _From.STORAGE:
            return replace(request, path=self._url, params={}, elsewhere=True)
        if self._received and not self._etag:
            # What came so far is from object storage.
            part = {"Range": f"bytes={self._received}-"}
            return replace(request, headers={**request.headers, **part})
        return super()._request()

    @override
    def _on_open(self, response: httpx.Response) -> None:
        if self._from is _From.ASKING:
            self._answer = b""
            if response.has_redirect_location:
                return
            self._from = _From.SERVICE
        if self._from is _From.SERVICE:
            super()._on_open(response)

    @override
    def _items_in(self, chunk: bytes) -> Iterable[bytes]:
        if self._from is _From.ASKING:
            self._answer += chunk
            return []
        if self._size is not None:
            self._digest.update(chunk)
        return super()._items_in(chunk)

    @override
    def _pause_before_next(self, response: httpx.Response) -> float | None:
        if self._from is _From.ASKING:
            with self._requests.valid_response():
                body = json.loads(self._answer)
                self._url, self._size = str(body["url"]), int(body["size"])
                self._sha256 = str(body["sha256"])
            self._go_on_from(_From.STORAGE)
            return 0.0
        if self._size is None or self._is_whole():
            return None
        if self._from is _From.STORAGE and self._on_restart is not None:
            self._restart()
            return 0.0
        # Not caught as a failure of object storage: what was given cannot be taken back.
        self._from = _From.SERVICE
        raise ClientError(
            "The results that came from object storage are not those that the service has written "
            "there. Download them again, from the service itself (without direct)."
        )

    @override
    def _prepare_to_resume(self) -> bool:
        if self._from is _From.SERVICE and self._size is not None and not self._etag:
            return True
        resumes = super()._prepare_to_resume()
        if not self._received:
            self._digest = hashlib.sha256()
        return resumes

    def _is_whole(self) -> bool:
        """Whether all bytes have come, as the service has written them."""
        return (self._received, self._digest.hexdigest()) == (self._size, self._sha256)

    def _restart(self) -> None:
        if self._on_restart is not None:
            self._on_restart()
        self._received = 0
        # The service checks its own results.
        self._size = None
        self._go_on_from(_From.SERVICE)

    def _go_on_from(self, source: _From) -> None:
        self._from = source
        # There is another way to get the bytes from object storage, so no waiting for it.
        retries = Retries(seconds=0.0) if source is _From.STORAGE else self._requests.retries
        self._attempts = Attempts(retries)
