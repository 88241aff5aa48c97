"""What there is of a job's results, as a file, and what is added to it while the job runs."""

from collections.abc import Mapping
from typing import Any

import httpx

from scorelane.client.errors import retry_after
from scorelane.client.io_steps import Opened, Pause, Send, Steps, Take
from scorelane.client.polling import pause_of
from scorelane.client.request import Requests
from scorelane.client.retries import Attempts


class PartialDownload:
    """The results of a job that may still run, piece by piece: together they are one file."""

    def __init__(
        self, requests: Requests[Any], path: str, params: Mapping[str, str], *, follow: bool
    ) -> None:
        """Ask for nothing yet.

        Args:
            requests: of the client.
            path: what is asked for.
            params: in which form.
            follow: whether to wait for more, until the job has ended.
        """
        self._requests = requests
        self._path = path
        self._params = {**params, "partial": "true"}
        self._follow = follow
        self._attempts = Attempts(requests.retries)
        self._opened: Opened | None = None
        self._given = self._come = 0  # of this piece, in bytes
        self._over = False

    def next(self) -> Steps[bytes | None]:
        """The next run of bytes; None at the end.

        A piece that was cut is asked for again. It begins with what it began with before, which is
        not given twice; there may be more of it now.

        Raises:
            scorelane.client.errors.Unreachable: it was cut, and nothing more comes.
        """
        while not self._over:
            if self._opened is None:
                self._come = 0
                send = Send("GET", self._path, params=self._params, stream=True)
                self._opened = yield from self._requests.attempt(send, self._attempts)
                continue
            try:
                run: bytes | None = yield Take(self._opened)
            except httpx.TransportError as error:
                self._opened = None
                pause = self._attempts.pause_after(error, answered=True)
                if pause is None:
                    raise self._requests.plain(error) from error
                yield Pause(pause)
                continue
            if run is None:
                yield from self._end_piece(self._opened.head)
                continue
            self._come += len(run)
            new = self._come - self._given
            if new > 0:
                self._given = self._come
                self._attempts.went_well()
                return run[-new:]
        return None

    def _end_piece(self, head: httpx.Response) -> Steps[None]:
        self._opened, self._given = None, 0
        onward, wish = head.links.get("next"), retry_after(head)
        if onward is None or (wish is not None and not self._follow):
            self._over = True
            return
        with self._requests.as_scorelane():
            self._params["cursor"] = httpx.URL(onward["url"]).params["cursor"]
        if wish is not None:
            yield Pause(pause_of(wish))
