"""The body of an answer, as it comes. Where it is cut it goes on, or begins anew."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx

from scorelane.client.errors import Unreachable
from scorelane.client.io_steps import Opened, Pause, Send, Steps, Take
from scorelane.client.request import Requests
from scorelane.client.retries import Attempts


class Download:
    """The results of a job, in one form."""

    def __init__(
        self,
        requests: Requests[Any],
        path: str,
        params: Mapping[str, str],
        on_anew: Callable[[], object] | None = None,
    ) -> None:
        """Ask for nothing yet.

        Args:
            requests: of the client.
            path: what is asked for.
            params: in which form.
            on_anew: called where it begins anew: nothing of what has come counts. None: that would
                be an error. The service knows parts of a form only where it keeps them in that.
        """
        self._requests = requests
        # Packed, nobody could say from which byte on it is wanted.
        self._send = Send(
            "GET", path, params=params, headers={"Accept-Encoding": "identity"}, stream=True
        )
        self._on_anew = on_anew
        self._attempts = Attempts(requests.retries)
        self._opened: Opened | None = None
        self._received = self._furthest = 0
        self._etag = ""

    def next(self) -> Steps[bytes | None]:
        """The next run of bytes; None at the end.

        Raises:
            scorelane.client.errors.Unreachable: it was cut, and nothing more comes.
        """
        while True:
            if self._opened is None:
                yield from self._open()
                continue
            try:
                run: bytes | None = yield Take(self._opened)
            except httpx.TransportError as error:
                self._opened = None
                pause = self._attempts.pause_after(error, answered=True)
                if pause is None or not self._prepared():
                    raise self._requests.plain(error) from error
                yield Pause(pause)
                continue
            self._received += len(run or b"")
            if self._received > self._furthest:
                # Not where it only comes as far as before: it would begin anew for ever.
                self._furthest = self._received
                self._attempts.went_well()
            return run

    def _prepared(self) -> bool:
        """Whether it can go on, or begin anew."""
        if self._etag.startswith('"') or not self._received:
            return True
        if self._on_anew is None:
            return False
        self._on_anew()
        self._received = 0
        return True

    def _open(self) -> Steps[None]:
        send = self._send
        if self._received:
            ranged = {"Range": f"bytes={self._received}-", "If-Range": self._etag}
            send = replace(send, headers={**send.headers, **ranged})
        self._opened = yield from self._requests.attempt(send, self._attempts)
        if self._opened is None:
            return
        if self._received and self._opened.head.status_code != httpx.codes.PARTIAL_CONTENT:
            raise Unreachable("The connection was cut, and the results are others now. Try again.")
        self._etag = self._opened.head.headers.get("ETag", "")
